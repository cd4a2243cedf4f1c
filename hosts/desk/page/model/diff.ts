/** What changed between two JSON payloads, value by value, by the path to it. Lists are compared place by place. */

export interface Change {
	readonly path: string;
	/** `undefined`: there was none, or there is none any more. */
	readonly before: string | undefined;
	readonly after: string | undefined;
}

const MOST = 500;

function leaves(value: unknown, path: string, found: Map<string, string>): void {
	if (found.size >= MOST) return;
	if (typeof value === "object" && value !== null && Object.keys(value).length)
		for (const [key, one] of Object.entries(value))
			leaves(one, Array.isArray(value) ? `${path}[${key}]` : path ? `${path}.${key}` : key, found);
	else found.set(path || "(value)", JSON.stringify(value));
}

export function changes(before: unknown, after: unknown): Change[] {
	const [old, now] = [new Map<string, string>(), new Map<string, string>()];
	leaves(before, "", old);
	leaves(after, "", now);
	return [...new Set([...old.keys(), ...now.keys()])]
		.filter(path => old.get(path) !== now.get(path))
		.map(path => ({ path, before: old.get(path), after: now.get(path) }));
}

/** The numbers in a JSON value, by path. */
export function numbers(value: unknown): string[] {
	const found = new Map<string, string>();
	leaves(value, "", found);
	return [...found].filter(([, text]) => /^-?\d/.test(text)).map(([path]) => path);
}

/** The number at a path that `numbers` gave. */
export function numberAt(value: unknown, path: string): number | undefined {
	const found = new Map<string, string>();
	leaves(value, "", found);
	const text = found.get(path);
	const number = text === undefined ? Number.NaN : Number(text);
	return Number.isFinite(number) ? number : undefined;
}
