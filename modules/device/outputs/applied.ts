/**
 * What was applied to an output last: what is stored before it is done, and what a start begins with. Plain records, made
 * new at each change, as a level and as a text. Knows a command that a broker delivers again; which change is allowed is
 * output.ts's.
 */

import type { OutputDescription } from "../description/description.js";
import type { Values } from "../description/schema.js";
import type { Wish } from "./request.js";

export interface Applied {
	readonly on: boolean;
	/** 1…255. */
	readonly brightness: number;
	/** Greatest version applied; -1 before the first. */
	readonly ver: number;
	/** The last desired wish applied, as `wishText` writes it. */
	readonly wish: string;
	readonly src: string;
	/** A hand or the fail-safe acted since the connection was lost, so what the broker kept until then is old. */
	readonly local: boolean;
	/** Marks of the last commands without a version, newest last, with spaces between. */
	readonly seen: string;
}

/** Brokers have so many messages unacknowledged at most, and send them all again (Mosquitto, VerneMQ). */
const SEEN = 20;
/** Bytes of the longest record: `seen` takes 13 for each mark, the rest 110. */
export const longest = 110 + 13 * SEEN;

/**
 * A command by its packet identifier and its text, as a hash (FNV-1a). The identifier alone would not do: the broker uses
 * it again, and a command lost under it would count as done. `kind` keeps the topics of one output apart.
 */
export function mark(kind: string, payload: Uint8Array, id: number): string {
	let hash = 0x811c9dc5 ^ kind.charCodeAt(0);
	for (let i = 0; i < payload.byteLength; i++) hash = Math.imul(hash ^ (payload[i] as number), 0x01000193);
	return `${id.toString(36)}.${(hash >>> 0).toString(36)}`;
}

export function isSeen(seen: string, mark: string): boolean {
	return seen.split(" ").includes(mark);
}

/** `seen` with one more. An identifier that is used anew was acknowledged: what came under it before cannot come again. */
export function noted(seen: string, mark: string): string {
	const own = mark.slice(0, mark.indexOf(".") + 1);
	const others = seen.split(" ").filter(other => other && !other.startsWith(own));
	return [...others, mark].slice(-SEEN).join(" ");
}

/** Equal for wishes that want the same. */
export function wishText({ on, brightness }: Wish): string {
	return `${on ? "ON" : "OFF"}${brightness === undefined ? "" : ` ${brightness}`}`;
}

/** The level of an actuator that shows this, 0…255. */
export function levelOf({ on, brightness }: Applied, dimmable: boolean): number {
	return on ? (dimmable ? brightness : 255) : 0;
}

/** What `state` says of it. */
export function stateText({ on, brightness, ver, src }: Applied, dimmable: boolean): string {
	return JSON.stringify({
		state: on ? "ON" : "OFF",
		...(dimmable && { brightness }),
		...(ver >= 0 && { ver }),
		src,
	});
}

/** What was stored; anything that is missing or of another kind as on the first day. */
export function read({ on, brightness, ver, wish, src, local, seen }: Values): Applied {
	return {
		on: on === true,
		brightness: typeof brightness === "number" ? brightness : 255,
		ver: typeof ver === "number" ? ver : -1,
		wish: typeof wish === "string" ? wish : "",
		src: typeof src === "string" ? src : "power-on",
		local: local === true,
		seen: typeof seen === "string" ? seen : "",
	};
}

export function powerOn(state: Applied, { powerOn }: OutputDescription): Applied {
	if (powerOn === "last") return state;
	if (powerOn === "off" || state.wish === "") return { ...state, on: false, src: "power-on" };
	const brightness = Number(state.wish.split(" ")[1] ?? state.brightness);
	return { ...state, on: state.wish.startsWith("ON"), brightness, src: "desired" };
}
