/**
 * How the form of what a person writes is said; `Value`, the type that follows from it; and `walk`, the one function that checks a value
 * against it (DESCRIPTION.md): for each mistake it says where it is, what was expected and what was found; missing values get their
 * defaults. Throws nothing, and knows no key: those of a board are in schema.ts, conditions between them in description.ts.
 */

import { isRecord, type Values } from "../json.js";
import topics from "../topics.js";

/** One mistake. As a line: `sensors[0].every: expected a number from 5 to 86400000, found 1`. */
export interface Problem {
	/** Path of the key, as `alerts[1].clear`. */
	readonly key: string;
	readonly expected: string;
	readonly found: string;
}

/** A problem as one line; `source` is the file it is in. */
export const line = ({ key, expected, found }: Problem, source?: string): string =>
	`${source === undefined ? "" : `${source}: `}${key}: expected ${expected}, found ${found}`;

export type Keys = { readonly [key: string]: Spec };

/**
 * The form of one value. As text it is `KIND`, `KIND LOW..HIGH` or `ONE|OTHER`; after it `?` where the value may be missing, or
 * `=DEFAULT`. It is text because an object of the same content takes four times the flash.
 */
export type Spec = string | RecordSpec | ListSpec;

export interface RecordSpec {
	readonly keys: Keys;
	/** Further keys, which `cmd config` may change (description.ts). */
	readonly settings?: Keys;
	/** Defaults that all records share as their prototype: a key of their own takes 16 bytes of RAM in each. */
	readonly defaults?: Values;
	readonly optional?: boolean;
	/** Further keys of this very record (a driver's own options), or `undefined` if it names no known driver. */
	readonly more?: (value: Values, context: unknown) => Keys | undefined;
}

export interface ListSpec {
	readonly item: Spec;
	readonly maximum: number;
	readonly initial: readonly unknown[];
}

/** The type of a value of each kind. */
interface Kinds {
	readonly number: number;
	readonly whole: number;
	readonly boolean: boolean;
	readonly range: readonly [number, number];
	readonly word: string;
	readonly name: string;
	readonly root: string;
	readonly secret: string;
	readonly pin: number | string | object;
	readonly any: unknown;
}

/** The type of a value of this form, with its defaults. */
export type Value<F> = F extends string
	? Scalar<F extends `${infer Kind} ${string}` ? Kind : F>
	: F extends ListSpec
		? readonly Value<F["item"]>[]
		: F extends RecordSpec
			? Fields<F["keys"] & (F["settings"] extends Keys ? F["settings"] : unknown), F["defaults"]>
			: never;

type Scalar<Kind> = Kind extends keyof Kinds ? Kinds[Kind] : Choice<Kind>;

/** `ONE|OTHER`. */
type Choice<Kind> = Kind extends `${infer One}|${infer Others}` ? One | Choice<Others> : Kind;

type Fields<K, Defaults> = {
	readonly [Key in keyof K as Key extends Missing<K, Defaults> ? never : Key]: Value<K[Key]>;
} & {
	readonly [Key in keyof K as Key extends Missing<K, Defaults> ? Key : never]?: Value<K[Key]>;
};

/** The keys that may be missing when the defaults are there. */
type Missing<K, Defaults> = Exclude<
	{ [Key in keyof K]: K[Key] extends `${string}?` | { readonly optional: true } ? Key : never }[keyof K],
	keyof Defaults
>;

/** What a feature (start.ts) adds to the form of a description. */
export interface Form {
	/** Keys of the board, and of each sensor. */
	readonly board: Keys;
	readonly sensor: Keys;
	/** Adds every mistake between its keys; `known` are the drivers. Ignores values that `walk` has refused. */
	check(value: Values, problems: Problem[], known: unknown): void;
}

/** The value with its defaults, or, where `problems` grew, something not to be used. */
export const walk = (
	form: Spec,
	value: unknown,
	key: string,
	problems: Problem[],
	context?: unknown,
): unknown => {
	if (typeof form === "string") return scalar(form, value, key, problems);
	if ("item" in form) {
		const { item, maximum, initial } = form;
		const list = value === undefined ? initial : value;
		if (Array.isArray(list) && list.length <= maximum)
			return list.map((each, index) => walk(item, each, `${key}[${index}]`, problems, context));
		report(problems, key, `a list of at most ${maximum}`, value);
		return [];
	}
	if (isRecord(value)) return record(form, value, key, problems, context);
	if (value !== undefined || !form.optional) report(problems, key, "an object", value);
	return undefined;
};

const scalar = (form: string, value: unknown, key: string, problems: Problem[]): unknown => {
	const kind = upTo(form, 0);
	if (value === undefined) {
		if (form.endsWith("?")) return undefined;
		const at = form.indexOf("=");
		const text = form.slice(at + 1);
		if (at >= 0) return kind === "boolean" ? text === "true" : kind === "number" ? Number(text) : text;
	}
	const dots = form.indexOf("..");
	const low = dots < 0 ? "" : form.slice(kind.length + 1, dots);
	const high = dots < 0 ? "" : upTo(form, dots + 2);
	const expected = mistake(kind, value, low, high);
	if (expected) report(problems, key, expected, kind === "secret" && value !== undefined ? "…" : value);
	return value;
};

/** The part of a form that begins at `start`. */
const upTo = (text: string, start: number): string => {
	const end = text.indexOf(" ", start);
	return text.slice(start, end < 0 ? undefined : end);
};

/** What a value that is not of this kind was expected to be; "" for one that is. */
const mistake = (kind: string, value: unknown, low: string, high: string): string => {
	const text = typeof value === "string" ? value : undefined;
	switch (kind) {
		case "number":
			return Number.isFinite(value) && within(value as number, low, high)
				? ""
				: `a number${bounds(low, high)}`;
		case "whole":
			if (Number.isSafeInteger(value) && within(value as number, low, high)) return "";
			return `a whole number${bounds(low, high)}`;
		case "boolean":
			return typeof value === "boolean" ? "" : "true or false";
		case "range":
			return isRange(value) ? "" : "a list [low, high] of two numbers, low below high";
		case "word":
			return text !== undefined && within(text.length, low, high)
				? ""
				: `a text of ${low} to ${high} characters`;
		case "name":
			if (text !== undefined && topics.isName(text, Number(high))) return "";
			return `1 to ${high} characters of A-Z a-z 0-9 _ -`;
		case "root":
			if (text !== undefined && within(text.length, low, high) && topics.isRoot(text)) return "";
			return `topic levels between single slashes, without + # or control characters, not starting with $${high && `, ${high} characters at most`}`;
		case "pin":
			// An object is the host's own kind of pin specifier (ECMA-419 §9).
			if (text || (Number.isInteger(value) && (value as number) >= 0)) return "";
			return typeof value === "object" && value !== null ? "" : "a pin number or the name of a pin";
		case "any":
			return "";
		case "absent":
			return value === false ? "" : "nothing (this firmware is built without it)";
		default:
			if (!kind.includes("|")) return text !== undefined ? "" : "a text";
			if (text !== undefined && kind.split("|").includes(text)) return "";
			return `one of ${kind.split("|").join(", ")}`;
	}
};

const within = (size: number, low: string, high: string): boolean =>
	(!low || size >= Number(low)) && (!high || size <= Number(high));

const bounds = (low: string, high: string): string => {
	if (low && high) return ` from ${low} to ${high}`;
	return low ? ` of at least ${low}` : high && ` of at most ${high}`;
};

export const report = (problems: Problem[], key: string, expected: string, value: unknown): void => {
	problems.push({ key: key || "description", expected, found: show(value) });
};

/** `name` at `key` is none of those that are known. */
export const unknown = (problems: Problem[], key: string, name: string, known: readonly string[]): void => {
	problems.push({ key, expected: among(name, known, "key"), found: `"${clip(name)}"` });
};

export const unknownKeys = (
	problems: Problem[],
	prefix: string,
	value: object,
	known: readonly string[],
): void =>
	Object.keys(value).forEach(key => {
		if (!known.includes(key)) unknown(problems, prefix + key, key, known);
	});

const record = (
	{ keys: own, settings, defaults, more }: RecordSpec,
	value: Values,
	path: string,
	problems: Problem[],
	context: unknown,
): Values => {
	const further = more ? more(value, context) : {};
	// Its own come first, and hold.
	const keys: Keys = Object.assign({}, own, settings, further, own, settings);
	const names = Object.keys(keys);
	const prefix = path ? `${path}.` : "";
	// Without a known driver there is no telling which further keys are right.
	if (further) unknownKeys(problems, prefix, value, names);
	const result: { [key: string]: unknown } = {};
	names.forEach(key => {
		const given = Object.hasOwn(value, key) ? value[key] : undefined;
		const found = walk(keys[key] as Spec, given, prefix + key, problems, context);
		if (found !== undefined && found !== defaults?.[key]) result[key] = found;
	});
	return defaults ? Object.setPrototypeOf(result, defaults) : result;
};

/** The records of a list; an empty one for what is none. */
export const items = (value: unknown): readonly Values[] =>
	Array.isArray(value) ? value.map(item => (isRecord(item) ? item : {})) : [];

export const isRange = (value: unknown): value is readonly [number, number] =>
	Array.isArray(value) && value.length === 2 && value.every(Number.isFinite) && value[0] < value[1];

/** A value for a reader: short, on one line. */
export const show = (value: unknown): string => {
	if (value === undefined) return "nothing";
	if (typeof value === "string") {
		const length = value.length;
		return `"${clip(value)}"${length > 20 ? ` (${length} characters)` : ""}`;
	}
	if (Array.isArray(value))
		return value.length <= 3 && value.every(item => typeof item === "number")
			? `[${value.join(", ")}]`
			: `a list of ${value.length}`;
	return typeof value === "object" && value !== null ? "an object" : String(value);
};

const clip = (text: string): string => {
	// Control characters would break the line. It is cut first: the array of a long message would fill the heap.
	const characters = Array.from(text.slice(0, 82), character => (character < " " ? "?" : character));
	return characters.length > 40 ? `${characters.slice(0, 40).join("")}…` : characters.join("");
};

/** What a name that is none of those that are known was expected to be. `kind`: of what it is a name. */
export const among = (name: string, known: readonly string[], kind: string): string => {
	const close = nearest(name, known);
	return close ? `a known ${kind}, perhaps "${close}"` : `one of ${known.join(", ") || "nothing"}`;
};

/** The known name closest to a wrong one, unless all are far away. */
export const nearest = (name: string, known: readonly string[]): string | undefined => {
	// A mistyped name is short, and `distance` takes long for a long one.
	if (name.length > 64) return undefined;
	let best: string | undefined;
	let least = Math.max(2, Math.floor(name.length / 2)) + 1;
	known.forEach(candidate => {
		const away = distance(name.toLowerCase(), candidate.toLowerCase());
		if (away < least) {
			best = candidate;
			least = away;
		}
	});
	return best;
};

/** Insertions, deletions and replacements from one to the other (Levenshtein). */
const distance = (from: string, to: string): number => {
	let row = Array.from({ length: to.length + 1 }, (_, index) => index);
	for (let i = 1; i <= from.length; i++) {
		const next = [i];
		for (let j = 1; j <= to.length; j++) {
			const replaced = (row[j - 1] as number) + (from[i - 1] === to[j - 1] ? 0 : 1);
			next.push(Math.min((row[j] as number) + 1, (next[j - 1] as number) + 1, replaced));
		}
		row = next;
	}
	return row[to.length] as number;
};
