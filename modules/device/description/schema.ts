/**
 * A declarative form for what a person writes (board description, run-time configuration), and the one function that
 * walks it: says of each value what was expected and what was found, fills in defaults, and throws nothing.
 * Knows nothing of boards; conditions between keys are description.ts's.
 */

/** One thing that is wrong. Together: `sensors[0].every: expected a number from 5 to 86400000, found 1`. */
export interface Problem {
	/** Path of the key, as `alerts[1].clear`. */
	readonly key: string;
	readonly expected: string;
	readonly found: string;
}

export type Spec =
	| NumberSpec
	| TextSpec
	| BooleanSpec
	| ChoiceSpec
	| RangeSpec
	| ListSpec
	| AnySpec
	| RecordSpec;

interface Common {
	readonly optional?: boolean;
	/** Stands where the key is missing. */
	readonly initial?: unknown;
}
export interface NumberSpec extends Common {
	readonly type: "number";
	readonly minimum?: number;
	readonly maximum?: number;
	readonly integer?: boolean;
}
export interface TextSpec extends Common {
	readonly type: "text";
	/** In words, for who wrote something else. */
	readonly expected: string;
	readonly valid: (text: string) => boolean;
	/** Never shown, not even when it is wrong. */
	readonly secret?: boolean;
}
export interface BooleanSpec extends Common {
	readonly type: "boolean";
}
export interface ChoiceSpec extends Common {
	readonly type: "choice";
	readonly of: readonly string[];
}
/** `[low, high]`, low below high. */
export interface RangeSpec extends Common {
	readonly type: "range";
}
export interface ListSpec extends Common {
	readonly type: "list";
	readonly of: Spec;
	readonly maximum: number;
}
/** Looked at by somebody else. */
export interface AnySpec extends Common {
	readonly type: "any";
	readonly expected: string;
}
export type Keys = { readonly [key: string]: Spec };
export interface RecordSpec extends Common {
	readonly type: "record";
	readonly keys: Keys;
	/** Further keys that this very object may have (a driver's own options), or `undefined` if it names no known driver. */
	readonly more?: (value: Values, context: unknown) => Keys | undefined;
}

export type Values = { readonly [key: string]: unknown };

/** The value with its defaults, or, where `problems` grew, something not to be used. */
export function walk(
	spec: Spec,
	value: unknown,
	key: string,
	problems: Problem[],
	context?: unknown,
): unknown {
	if (value === undefined) {
		if (spec.initial !== undefined) return walk(spec, spec.initial, key, problems, context);
		if (!spec.optional) report(problems, key, expectation(spec), value);
		return undefined;
	}
	if (spec.type === "record") return record(spec, value, key, problems, context);
	if (spec.type === "list") return list(spec, value, key, problems, context);
	if (!fits(spec, value)) {
		const hidden = spec.type === "text" && spec.secret;
		report(problems, key, expectation(spec), hidden ? "…" : value);
	}
	return value;
}

export function report(problems: Problem[], key: string, expected: string, value: unknown): void {
	problems.push({ key: key || "description", expected, found: show(value) });
}

function record(
	spec: RecordSpec,
	value: unknown,
	path: string,
	problems: Problem[],
	context: unknown,
): Values | undefined {
	if (!isRecord(value)) {
		report(problems, path, expectation(spec), value);
		return undefined;
	}
	const more = spec.more ? spec.more(value, context) : {};
	const keys: Keys = { ...more, ...spec.keys };
	const prefix = path ? `${path}.` : "";
	// Without a known driver nobody can say which further keys are right.
	for (const key of Object.keys(value))
		if (!Object.hasOwn(keys, key) && more) unknown(problems, prefix + key, key, Object.keys(keys));
	const result: { [key: string]: unknown } = {};
	for (const key of Object.keys(keys)) {
		const given = Object.hasOwn(value, key) ? value[key] : undefined;
		const found = walk(keys[key] as Spec, given, prefix + key, problems, context);
		if (found !== undefined) result[key] = found;
	}
	return result;
}

function list(spec: ListSpec, value: unknown, path: string, problems: Problem[], context: unknown): unknown {
	if (!Array.isArray(value) || value.length > spec.maximum) {
		report(problems, path, expectation(spec), value);
		return undefined;
	}
	return value.map((item, index) => walk(spec.of, item, `${path}[${index}]`, problems, context));
}

/** `name` at `key` is none of those that are known. */
export function unknown(problems: Problem[], key: string, name: string, known: readonly string[]): void {
	const close = nearest(name, known);
	const expected = close ? `a known key, perhaps "${close}"` : `one of ${known.join(", ") || "nothing"}`;
	problems.push({ key, expected, found: `"${clip(name)}"` });
}

function fits(spec: Spec, value: unknown): boolean {
	switch (spec.type) {
		case "number":
			return (
				typeof value === "number" &&
				Number.isFinite(value) &&
				value >= (spec.minimum ?? -Infinity) &&
				value <= (spec.maximum ?? Infinity) &&
				(!spec.integer || Number.isInteger(value))
			);
		case "text":
			return typeof value === "string" && spec.valid(value);
		case "boolean":
			return typeof value === "boolean";
		case "choice":
			return typeof value === "string" && spec.of.includes(value);
		case "range":
			return (
				Array.isArray(value) && value.length === 2 && value.every(Number.isFinite) && value[0] < value[1]
			);
		default:
			return true;
	}
}

function expectation(spec: Spec): string {
	switch (spec.type) {
		case "number":
			return `${spec.integer ? "a whole number" : "a number"}${bounds(spec)}`;
		case "text":
		case "any":
			return spec.expected;
		case "boolean":
			return "true or false";
		case "choice":
			return `one of ${spec.of.join(", ")}`;
		case "range":
			return "a list [low, high] of two numbers, low below high";
		case "list":
			return `a list of at most ${spec.maximum}`;
		case "record":
			return "an object";
	}
}

function bounds({ minimum, maximum }: NumberSpec): string {
	if (minimum === undefined) return maximum === undefined ? "" : ` of at most ${maximum}`;
	return maximum === undefined ? ` of at least ${minimum}` : ` from ${minimum} to ${maximum}`;
}

export function isRecord(value: unknown): value is Values {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** What was found, for a reader: short, on one line. */
export function show(value: unknown): string {
	if (value === undefined) return "nothing";
	if (typeof value === "string") {
		const { length } = value;
		return `"${clip(value)}"${length > 20 ? ` (${length} characters)` : ""}`;
	}
	if (Array.isArray(value))
		return value.length <= 3 && value.every(item => typeof item === "number")
			? `[${value.join(", ")}]`
			: `a list of ${value.length}`;
	return typeof value === "object" && value !== null ? "an object" : String(value);
}

function clip(text: string): string {
	// Control characters would break the line. Cut before it becomes an array: that of a long message would fill the heap.
	const characters = Array.from(text.slice(0, 82), character => (character < " " ? "?" : character));
	return characters.length > 40 ? `${characters.slice(0, 40).join("")}…` : characters.join("");
}

/** The known name closest to a wrong one, unless all are far away. */
export function nearest(name: string, known: readonly string[]): string | undefined {
	if (name.length > 64) return undefined; // a mistyped name is short, and the way below is long
	let best: string | undefined;
	let least = Math.max(2, Math.floor(name.length / 2)) + 1;
	for (const candidate of known) {
		const away = distance(name.toLowerCase(), candidate.toLowerCase());
		if (away < least) {
			best = candidate;
			least = away;
		}
	}
	return best;
}

/** Insertions, deletions and replacements from one to the other (Levenshtein). */
function distance(from: string, to: string): number {
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
}
