/**
 * What was applied to an output last: what is stored before it is done, and what a start begins with. Plain records, made
 * new at each change. Which change is allowed is output.ts's.
 */

import type { OutputDescription } from "./description.js";
import type { Values } from "./schema.js";
import type { Wish } from "./wish.js";

export interface Applied {
	readonly on: boolean;
	/** 1…255. */
	readonly brightness: number;
	/** Greatest version applied; -1 before the first. */
	readonly ver: number;
	/** The last desired wish applied, as `wishText` writes it. */
	readonly wish: string;
	readonly src: string;
	/** Packet identifiers of the last live commands, newest last. */
	readonly seen: readonly number[];
}

/** Equal for wishes that want the same. */
export function wishText({ on, brightness }: Wish): string {
	return `${on ? "ON" : "OFF"}${brightness === undefined ? "" : ` ${brightness}`}`;
}

/** What was stored; anything that is missing or of another kind as on the first day. */
export function read({ on, brightness, ver, wish, src, seen }: Values): Applied {
	return {
		on: on === true,
		brightness: typeof brightness === "number" ? brightness : 255,
		ver: typeof ver === "number" ? ver : -1,
		wish: typeof wish === "string" ? wish : "",
		src: typeof src === "string" ? src : "power-on",
		seen: Array.isArray(seen) ? seen.filter(id => typeof id === "number") : [],
	};
}

export function powerOn(state: Applied, { powerOn }: OutputDescription): Applied {
	if (powerOn === "last") return state;
	if (powerOn === "off" || state.wish === "") return { ...state, on: false, src: "power-on" };
	const brightness = Number(state.wish.split(" ")[1] ?? state.brightness);
	return { ...state, on: state.wish.startsWith("ON"), brightness, src: "desired" };
}
