/**
 * An output of a board, as its topics tell: what was requested, what is reported, and the way in between. A request goes
 * to `desired`, retained and with the time as its version, or to `set` where only live commands are taken. Each step is noted
 * when it is seen here; a step that nothing shows is left out.
 */

import type { Json } from "./json.js";

export interface Reported {
	readonly on: boolean;
	readonly brightness: number | undefined;
	readonly ver: number | undefined;
	readonly src: string;
}

/** Milliseconds since the request, by step. */
export interface Way {
	readonly cid: string;
	readonly at: number;
	readonly live: boolean;
	readonly text: string;
	/** The version that was asked for. */
	readonly ver: number | undefined;
	/** The broker has it. */
	taken?: number;
	/** At the latest: the board has acknowledged it, seen on the desk's own wire, or done it. */
	stored?: number;
	/** The pin has changed: seen on the desk's own boards. */
	done?: number;
	reported?: number;
	refused?: string;
	/** What has switched it since, and when that was reported. */
	since?: { readonly src: string; readonly at: number };
}

export class Output {
	readonly name: string;
	reported: Reported | undefined;
	/** The retained request; `undefined`: none. */
	desired: { readonly text: string; readonly ver: number | undefined } | undefined;
	/** It has answered that it takes live commands only. */
	liveOnly = false;
	/** The greatest version heard of. */
	ver = 0;
	way: Way | undefined;

	constructor(name: string) {
		this.name = name;
	}

	get dimmable(): boolean {
		return this.reported?.brightness !== undefined;
	}

	state(value: Json | undefined, at: number): void {
		if (!value) {
			this.reported = undefined;
			return;
		}
		const { state, brightness, ver, src } = value;
		const before = this.reported;
		this.reported = {
			on: state === "ON",
			brightness: typeof brightness === "number" ? brightness : undefined,
			ver: this.#heard(ver),
			src: typeof src === "string" ? src : "",
		};
		const way = this.way;
		if (!way || way.refused !== undefined) return;
		const { on, ver: stands, src: by } = this.reported;
		if (way.reported !== undefined) {
			if (on !== before?.on || brightness !== before.brightness) way.since = { src: by, at };
		} else if (way.ver === undefined || stands === undefined || stands >= way.ver) way.reported = at - way.at;
	}

	/** Of the last request. A board stores before it acts and before it acknowledges: by the first of both it was stored. */
	step(step: "stored" | "done", at: number): void {
		const way = this.way;
		if (!way || way.refused !== undefined) return;
		const since = at - way.at;
		way.stored = Math.min(way.stored ?? since, since);
		if (step === "done") way.done ??= since;
	}

	wanted(value: Json | undefined): void {
		if (value) this.desired = { text: JSON.stringify(value), ver: this.#heard(value.ver) };
		else this.desired = undefined;
	}

	/** `cmd/result` for a topic of this output. */
	answered({ cid, ok, error, ver }: Json, at: number): void {
		this.#heard(ver);
		const way = this.way;
		if (!way || cid !== way.cid) return;
		if (ok) way.reported ??= at - way.at;
		else {
			way.refused = typeof error === "string" ? error : "refused";
			if (way.refused.includes("live commands only")) this.liveOnly = true;
		}
	}

	/** A new request: the topic's last level, the payload, and whether it is retained. */
	request(
		on: boolean,
		brightness: number | undefined,
		at: number,
	): { level: string; text: string; retain: boolean } {
		const cid = `page-${at.toString(36)}`;
		const live = this.liveOnly;
		// The time: newer than what another sender has sent, also where this page has not heard of it.
		if (!live) this.ver = Math.max(this.ver + 1, at);
		const ver = live ? undefined : this.ver;
		const text = JSON.stringify({
			state: on ? "ON" : "OFF",
			...(brightness !== undefined && { brightness }),
			...(ver !== undefined && { ver }),
			cid,
		});
		this.way = { cid, at, live, text, ver };
		return { level: live ? "set" : "desired", text, retain: !live };
	}

	#heard(ver: unknown): number | undefined {
		if (typeof ver !== "number") return undefined;
		if (ver > this.ver) this.ver = ver;
		return ver;
	}
}
