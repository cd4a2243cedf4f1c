/**
 * What was applied to one output: the state that stands, stored before it is carried out, and the commands that are over:
 * those that were done, older versions, and those that could not be stored before something newer was done. A command of
 * a broker is stored or does not stand; what a hand did stands in any case. Does not say what a command changes
 * (output.ts), and tries nothing again.
 */

import type { Received } from "../../session/options.js";
import type { OutputDescription } from "../description/description.js";
import type { Values } from "../description/schema.js";
import type Memory from "../memory.js";
import { keyOf, type Room } from "../memory.js";
import type { Request } from "./request.js";

/** One state, as it is stored. A plain record, made new at each change. */
export interface State {
	readonly on: boolean;
	/** 1…255. */
	readonly brightness: number;
	/** Greatest version applied; -1 before the first. */
	readonly ver: number;
	/** The last desired request applied, as `textOf` writes it. */
	readonly wish: string;
	readonly src: string;
	/** A hand or the fail-safe acted since the connection was lost, so what the broker kept until then is old. */
	readonly local: boolean;
	/** Marks of the last commands without a version, newest last, with spaces between. */
	readonly seen: string;
}

/** Brokers have so many messages unacknowledged at most, and send them all again (Mosquitto, VerneMQ). */
const MOST = 20;
const PREFIX = "o:";

/** The longest record: `seen` takes 13 bytes for each mark, the rest 110. */
export function roomOf(name: string): Room {
	return [keyOf(PREFIX, name), 110 + 13 * MOST];
}

export default class Applied {
	/** What is meant. Changed by the methods below only; stored unless `unsaved`. */
	state: State;
	/** What a hand did could not be stored. */
	unsaved = false;
	private readonly memory: Memory;
	private readonly key: string;
	/** Marks of commands that could not be stored: the broker sends them again, perhaps after something newer was done. */
	private undone: readonly string[] = [];

	/** Begins with what is stored, as `powerOn` of the description has it. */
	constructor(memory: Memory, name: string, description: OutputDescription) {
		this.memory = memory;
		this.key = keyOf(PREFIX, name);
		this.state = powerOn(read(memory.get(this.key)), description);
	}

	/** The marks of commands with this one; `undefined` when it is delivered again. */
	seen(kind: string, payload: Uint8Array, { duplicate, id }: Received): string | undefined {
		const { seen } = this.state;
		if (!id) return seen;
		const own = mark(kind, payload, id);
		return duplicate && seen.split(" ").includes(own) ? undefined : noted(seen, own);
	}

	/** Why a desired request is not newer than what was applied, if so: a newer `ver` wins. */
	old(request: Request): string {
		const { ver, wish } = this.state;
		if (request.ver === undefined) return textOf(request) === wish ? "already done" : "";
		return request.ver > ver ? "" : `version ${request.ver} is not newer than ${ver}`;
	}

	/** From a broker: stored first. False when it could not be, then the state is what it was. */
	order(next: State): boolean {
		const own = next.seen.slice(next.seen.lastIndexOf(" ") + 1);
		const state = this.over(next, own);
		// A board that has nothing to remember with said so at its start, and has no older state to come back either.
		if (this.memory.lasting && !this.memory.put(this.key, state)) {
			if (own && !this.undone.includes(own)) this.undone = [...this.undone, own].slice(-MOST);
			return false;
		}
		this.unsaved = false;
		this.undone = this.undone.slice(this.older(own));
		this.state = state;
		return true;
	}

	/** By hand or fail-safe: stands in any case. Not stored yet. */
	act(next: State): void {
		this.state = this.over(next);
		this.undone = [];
	}

	/**
	 * Other notes on the same state. Only in RAM: they matter once something newer was done, which stores them too, or
	 * when what a hand did is over, which does as well.
	 */
	note(seen: string, local = this.state.local): void {
		this.state = { ...this.state, seen, local };
	}

	/** Stores what stands. False when it could not; where it may yet be, it is `unsaved`. */
	save(): boolean {
		const stored = this.memory.put(this.key, this.state);
		this.unsaved = !stored && this.memory.lasting;
		return stored;
	}

	/** The broker has a new session, and sends nothing of an old one again. */
	forget(): void {
		this.undone = [];
	}

	/** What could not be stored and is older than this is over once this is done. */
	private over(next: State, own = ""): State {
		const older = this.undone.slice(0, this.older(own)).reduce(noted, next.seen);
		// Its own mark once more, for an older one may have had the same identifier.
		return { ...next, seen: own ? noted(older, own) : older };
	}

	/** How many of `undone` came no later: all, unless it is one of them. */
	private older(own: string): number {
		return this.undone.indexOf(own) + 1 || this.undone.length;
	}
}

/**
 * A command by its packet identifier and its text, as a hash (FNV-1a). The identifier alone would not do: the broker uses
 * it again, and a command lost under it would count as done. `kind` keeps the topics of one output apart.
 */
function mark(kind: string, payload: Uint8Array, id: number): string {
	let hash = 0x811c9dc5 ^ kind.charCodeAt(0);
	for (let i = 0; i < payload.byteLength; i++) hash = Math.imul(hash ^ (payload[i] as number), 0x01000193);
	return `${id.toString(36)}.${(hash >>> 0).toString(36)}`;
}

/** `seen` with one more. An identifier that is used anew was acknowledged: what came under it before cannot come again. */
function noted(seen: string, mark: string): string {
	const own = mark.slice(0, mark.indexOf(".") + 1);
	const others = seen.split(" ").filter(other => other && !other.startsWith(own));
	return [...others, mark].slice(-MOST).join(" ");
}

/** Equal for requests that want the same. */
export function textOf({ on, brightness }: Request): string {
	return `${on ? "ON" : "OFF"}${brightness === undefined ? "" : ` ${brightness}`}`;
}

/** The level of an actuator that shows this, 0…255. */
export function levelOf({ on, brightness }: State, dimmable: boolean): number {
	return on ? (dimmable ? brightness : 255) : 0;
}

/** The payload of the output's `state` topic. */
export function stateText({ on, brightness, ver, src }: State, dimmable: boolean): string {
	return JSON.stringify({
		state: on ? "ON" : "OFF",
		...(dimmable && { brightness }),
		...(ver >= 0 && { ver }),
		src,
	});
}

/** What was stored. Missing or invalid fields get their defaults. */
function read({ on, brightness, ver, wish, src, local, seen }: Values): State {
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

function powerOn(state: State, { powerOn }: OutputDescription): State {
	if (powerOn === "last") return state;
	if (powerOn === "off" || state.wish === "") return { ...state, on: false, src: "power-on" };
	const brightness = Number(state.wish.split(" ")[1] ?? state.brightness);
	return { ...state, on: state.wish.startsWith("ON"), brightness, src: "desired" };
}
