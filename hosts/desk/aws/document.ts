/**
 * A shadow's document as data: what a request may be, how it is merged, what differs, how deep and how large it is. No topics, no
 * clock of its own.
 * https://docs.aws.amazon.com/iot/latest/developerguide/device-shadow-document.html
 */

export type Value = string | number | boolean | null | readonly Value[] | Tree;
export interface Tree {
	readonly [key: string]: Value;
}

export interface State {
	readonly desired?: Tree;
	readonly reported?: Tree;
}

export interface Request {
	/** Null takes both sections away, and leaves an empty shadow. */
	readonly state: { readonly desired?: Tree | null; readonly reported?: Tree | null } | null;
	readonly version?: number;
	readonly clientToken?: string;
}

/** https://docs.aws.amazon.com/iot/latest/developerguide/device-shadow-error-messages.html */
export class Refusal extends Error {
	readonly code: number;
	readonly clientToken: string | undefined;
	constructor(code: number, message: string, clientToken?: string) {
		super(message);
		this.code = code;
		this.clientToken = clientToken;
	}
}

/** https://docs.aws.amazon.com/general/latest/gr/iot-core.html#device-shadow-limits */
export const shadowLimits = Object.freeze({
	/** Bytes of the state, without metadata. */
	bytes: 8 * 1024,
	/** Levels within `desired` or `reported`. */
	depth: 6,
	/** Bytes of a client token. */
	token: 64,
	/** Requests that are not answered, of one connection. */
	inFlight: 10,
	/** Bytes of a shadow's name. */
	name: 64,
});

/** Of a payload of get or delete, which may be empty. */
export function tokenOf(payload: Buffer): string | undefined {
	return payload.length ? checkedToken(object(payload)) : undefined;
}

/** Of a payload of update. Throws a Refusal. */
export function parseRequest(payload: Buffer): Request {
	const request = object(payload);
	const clientToken = checkedToken(request);
	const refuse = (message: string): never => {
		throw new Refusal(400, message, clientToken);
	};
	const { state, version } = request;
	if (state === undefined) return refuse("Missing required node: state");
	// Seen at AWS: https://github.com/getmoto/moto/blob/master/tests/test_iotdata/test_iotdata.py
	if (state !== null && !isTree(state)) return refuse("State node must be an object");
	for (const [key, section] of Object.entries(state ?? {})) {
		if (key !== "desired" && key !== "reported") refuse(`State contains an invalid node: '${key}'`);
		const name = key === "desired" ? "Desired" : "Reported";
		if (section !== null && !isTree(section)) refuse(`${name} node must be an object`);
		if (depth(section) > shadowLimits.depth)
			refuse(`JSON contains too many levels of nesting; maximum is ${shadowLimits.depth}`);
		if (hasNullInArray(section)) refuse("State contains an invalid node: an array with null");
	}
	if (version !== undefined && !(Number.isSafeInteger(version) && (version as number) >= 0))
		refuse("Invalid version");
	return request as unknown as Request;
}

/** Throws where the state would be too large. */
export function checkSize(state: State, clientToken: string | undefined): void {
	if (Buffer.byteLength(JSON.stringify(state)) > shadowLimits.bytes)
		throw new Refusal(413, "The payload exceeds the maximum size allowed", clientToken);
}

/** Null deletes a key; arrays are values. */
export function merge(tree: Tree | undefined, change: Tree | null | undefined): Tree | undefined {
	if (change === undefined) return tree;
	if (change === null) return undefined;
	const merged: { [key: string]: Value } = { ...tree };
	for (const [key, value] of Object.entries(change)) {
		const old = merged[key];
		if (value === null) delete merged[key];
		else if (isTree(value)) merged[key] = merge(isTree(old) ? old : undefined, value) as Tree;
		else merged[key] = value;
	}
	return merged;
}

/** The tree of the timestamps: for each value of the change a new one. Follows `merge`. */
export function stamp(
	metadata: Tree | undefined,
	change: Tree | null | undefined,
	time: number,
): Tree | undefined {
	if (change === undefined) return metadata;
	if (change === null) return undefined;
	const stamped: { [key: string]: Value } = isStamp(metadata) ? {} : { ...metadata };
	for (const [key, value] of Object.entries(change)) {
		const old = stamped[key];
		if (value === null) delete stamped[key];
		else if (isTree(value)) stamped[key] = stamp(isTree(old) ? old : undefined, value, time) as Tree;
		else stamped[key] = marks(value, time);
	}
	return stamped;
}

/** What of `desired` is not so in `reported`, with its part of the metadata; undefined where nothing is. */
export function delta(
	desired: Tree | undefined,
	reported: Tree | undefined,
	metadata: Tree | undefined,
): { state: Tree; metadata: Tree } | undefined {
	const state: { [key: string]: Value } = {};
	const marked: { [key: string]: Value } = {};
	for (const [key, value] of Object.entries(desired ?? {})) {
		const other = reported?.[key];
		const mark = metadata?.[key] as Tree;
		if (isTree(value) && isTree(other)) {
			const inner = delta(value, other, mark);
			if (!inner) continue;
			state[key] = inner.state;
			marked[key] = inner.metadata;
		} else if (!same(value, other)) {
			state[key] = value;
			if (mark !== undefined) marked[key] = mark;
		}
	}
	return Object.keys(state).length ? { state, metadata: marked } : undefined;
}

function object(payload: Buffer): { readonly [key: string]: Value } {
	let text: string;
	try {
		text = new TextDecoder("utf-8", { fatal: true }).decode(payload);
	} catch {
		throw new Refusal(415, "Unsupported documented encoding; supported encoding is UTF-8");
	}
	let value: Value;
	try {
		value = JSON.parse(text) as Value;
	} catch {
		throw new Refusal(400, "Invalid JSON");
	}
	if (!isTree(value)) throw new Refusal(400, "Invalid JSON");
	return value;
}

function checkedToken({ clientToken }: Tree): string | undefined {
	if (clientToken === undefined) return undefined;
	if (typeof clientToken !== "string" || Buffer.byteLength(clientToken) > shadowLimits.token)
		throw new Refusal(400, "Invalid clientToken");
	return clientToken;
}

function marks(value: Value, timestamp: number): Value {
	return Array.isArray(value)
		? value.map(item => marks(item, timestamp))
		: isTree(value)
			? (stamp(undefined, value, timestamp) as Tree)
			: { timestamp };
}

/** Metadata of one value, in whose place there is a tree now. */
function isStamp(metadata: Tree | undefined): boolean {
	return typeof metadata?.timestamp === "number";
}

function depth(value: Value | undefined): number {
	if (Array.isArray(value)) return Math.max(0, ...value.map(depth));
	if (!isTree(value)) return 0;
	return 1 + Math.max(0, ...Object.values(value).map(depth));
}

function hasNullInArray(value: Value | undefined): boolean {
	if (Array.isArray(value)) return value.some(item => item === null || hasNullInArray(item));
	return isTree(value) && Object.values(value).some(hasNullInArray);
}

function same(one: Value | undefined, other: Value | undefined): boolean {
	if (Array.isArray(one) && Array.isArray(other))
		return one.length === other.length && one.every((item, index) => same(item, other[index]));
	if (isTree(one) && isTree(other)) {
		const keys = Object.keys(one);
		return keys.length === Object.keys(other).length && keys.every(key => same(one[key], other[key]));
	}
	return one === other;
}

function isTree(value: unknown): value is Tree {
	return typeof value === "object" && value !== null && !Array.isArray(value);
}
