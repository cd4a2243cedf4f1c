/**
 * A declarative form for what a person writes, and `walk`, the one function that checks a value against it: for each
 * mistake it says where it is, what was expected and what was found; missing values get their defaults. Throws nothing.
 * Knows nothing of boards: the form is in fields.ts, conditions between keys in rules.ts.
 */

/** One mistake. As a line: `sensors[0].every: expected a number from 5 to 86400000, found 1`. */
export interface Problem {
	/** Path of the key, as `alerts[1].clear`. */
	readonly key: string;
	readonly expected: string;
	readonly found: string;
}

export type Values = { readonly [key: string]: unknown };
export type Keys = { readonly [key: string]: Spec };

/** The form of one value. */
export interface Spec {
	readonly type: "number" | "text" | "boolean" | "choice" | "range" | "list" | "record" | "any";
	/** In words, for the error. */
	readonly expected: string;
	readonly optional?: boolean;
	/** The default. */
	readonly initial?: unknown;
	/** Of a number. */
	readonly minimum?: number;
	readonly integer?: boolean;
	/** Of a number, or of the length of a list. */
	readonly maximum?: number;
	/** Of a text, or of any value. A secret one is never shown, not even when it is wrong. */
	readonly valid?: (value: never) => boolean;
	readonly secret?: boolean;
	/** Of a choice. */
	readonly choices?: readonly string[];
	/** Of a list: the form of each item. */
	readonly item?: Spec;
	/** Of a record. */
	readonly keys?: Keys;
	/** Further keys of this very record (a driver's own options), or `undefined` if it names no known driver. */
	readonly more?: (value: Values, context: unknown) => Keys | undefined;
}

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
		if (!spec.optional) report(problems, key, spec.expected, value);
		return undefined;
	}
	const right = fits(spec, value);
	if (!right) report(problems, key, spec.expected, spec.secret ? "…" : value);
	if (spec.type === "record")
		return right ? record(spec, value as Values, key, problems, context) : undefined;
	if (spec.type !== "list") return value;
	const list = right ? (value as readonly unknown[]) : [];
	return list.map((item, index) => walk(spec.item as Spec, item, `${key}[${index}]`, problems, context));
}

export function report(problems: Problem[], key: string, expected: string, value: unknown): void {
	problems.push({ key: key || "description", expected, found: show(value) });
}

/** `name` at `key` is none of those that are known. */
export function unknown(problems: Problem[], key: string, name: string, known: readonly string[]): void {
	const close = nearest(name, known);
	const expected = close ? `a known key, perhaps "${close}"` : `one of ${known.join(", ") || "nothing"}`;
	problems.push({ key, expected, found: `"${clip(name)}"` });
}

function record(
	{ keys: own = {}, more }: Spec,
	value: Values,
	path: string,
	problems: Problem[],
	context: unknown,
): Values {
	const further = more ? more(value, context) : {};
	const keys: Keys = { ...further, ...own };
	const prefix = path ? `${path}.` : "";
	// Without a known driver there is no telling which further keys are right.
	for (const key of Object.keys(value))
		if (further && !Object.hasOwn(keys, key)) unknown(problems, prefix + key, key, Object.keys(keys));
	const result: { [key: string]: unknown } = {};
	for (const key of Object.keys(keys)) {
		const given = Object.hasOwn(value, key) ? value[key] : undefined;
		const found = walk(keys[key] as Spec, given, prefix + key, problems, context);
		if (found !== undefined) result[key] = found;
	}
	return result;
}

function fits(spec: Spec, value: unknown): boolean {
	const { minimum = -Infinity, maximum = Infinity } = spec;
	switch (spec.type) {
		case "number":
			return isNumber(value, minimum, maximum) && (!spec.integer || Number.isInteger(value));
		case "text":
			return typeof value === "string" && (spec.valid?.(value as never) ?? true);
		case "choice":
			return spec.choices?.includes(value as string) ?? false;
		case "range":
			return isRange(value);
		case "list":
			return Array.isArray(value) && value.length <= maximum;
		case "record":
			return isRecord(value);
		case "boolean":
			return typeof value === "boolean";
		default:
			return spec.valid?.(value as never) ?? true;
	}
}

/** `[low, high]` */
export function isRange(value: unknown): value is readonly [number, number] {
	return Array.isArray(value) && value.length === 2 && value.every(Number.isFinite) && value[0] < value[1];
}

function isNumber(value: unknown, minimum: number, maximum: number): boolean {
	return typeof value === "number" && Number.isFinite(value) && value >= minimum && value <= maximum;
}

export function isRecord(value: unknown): value is Values {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A value for a reader: short, on one line. */
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
	// Control characters would break the line. It is cut first: the array of a long message would fill the heap.
	const characters = Array.from(text.slice(0, 82), character => (character < " " ? "?" : character));
	return characters.length > 40 ? `${characters.slice(0, 40).join("")}…` : characters.join("");
}

/** The known name closest to a wrong one, unless all are far away. */
export function nearest(name: string, known: readonly string[]): string | undefined {
	// A mistyped name is short, and `distance` takes long for a long one.
	if (name.length > 64) return undefined;
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
