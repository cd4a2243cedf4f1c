/**
 * The newest command of one output: the state that stands, stored before it is carried out, and whether another command is newer.
 * A newer `ver` wins. Without one a command is old when it was handled before, which its text and the order tell, for brokers
 * change packet identifiers (DESIGN.md, "Redelivery"); or when its broker kept it and something was done here since. A command of
 * a broker stands once it is stored; a local action stands in any case. Moves nothing, and waits for nothing: output.ts does.
 */

import type { Received } from "../../session/options.js";
import type { OutputDescription } from "../description/description.js";
import { isRecord, type Values } from "../json.js";
import type Memory from "../memory.js";
import { hashOf, keyOf, type Room } from "../memory.js";
import type { Request } from "./set.js";

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
	/** The broker whose kept commands are not older than this, by its place in the list, or LOCAL. */
	readonly from: number;
	/** Hashes of the last commands, the latest last, with spaces between; behind `!` one that must not be done any more. */
	readonly seen: string;
	/** A command that was perhaps delivered again: done once the broker has settled, unless it turns out to be old. */
	readonly held?: Command | undefined;
	/** With a device shadow: the last of its wishes that was done (aws/wishes.ts). */
	readonly mark?: Values | undefined;
}

/** A command on its way to be the state: what it asks for, and its hash. */
export interface Command extends Pick<State, "on" | "brightness" | "ver" | "wish" | "src" | "mark"> {
	readonly hash: string;
}

/** Of a command that came, by `judge`. */
export const Verdict = Object.freeze({
	/** To be done. */
	New: 0,
	/** Handled before, or older than a command that was. */
	Over: 1,
	/** Perhaps one of these: it has DUP, and its text was handled and others since, or is not remembered (RabbitMQ, NATS). */
	Held: 2,
});

/** A local action or the fail-safe came since the connection was lost, so what any broker kept until then is old. */
export const LOCAL = -1;
/** Brokers have so many messages unacknowledged at most, and send them all again (Mosquitto, VerneMQ). */
const MOST = 20;
const PREFIX = "o:";
const DEAD = "!";
const KEPT = "one that the broker had kept";

/** The longest record: `seen` takes 9 bytes for each command, the state 110, a command that is held 110. */
export const roomOf = (name: string, more = 0): Room => [keyOf(PREFIX, name), 220 + 9 * MOST + more];

export default class Newest {
	/** What is meant. Changed by the methods below only; stored unless `unsaved`. */
	state: State;
	/** A local action could not be stored. */
	unsaved = false;
	private readonly memory: Memory;
	private readonly key: string;
	/** The place in the list of the broker that has accepted the board last; -1 before the first. */
	private broker = -1;
	/** A message may be one that the broker kept while the board was away. */
	private settling = true;
	/** A command without DUP was stored on this connection. */
	private advanced = false;
	/** Commands without DUP that could not be stored on this connection: the broker has no acknowledgement for them. */
	private open: readonly string[] = [];
	/** What came on this connection, as packet identifier and hash. */
	private heard: string[] = [];
	/** Commands that could not be stored, the latest last: the broker sends them again, perhaps after something newer was done. */
	private undone: readonly string[] = [];

	/** Begins with what is stored, as `powerOn` of the description has it. */
	constructor(memory: Memory, name: string, description: OutputDescription) {
		this.memory = memory;
		this.key = keyOf(PREFIX, name);
		this.state = powerOn(read(memory.get(this.key)), description);
	}

	/** Why a desired request is not newer than the last one applied; "" where it is. */
	old(request: Request, { retain }: Received): string {
		const { ver, wish, held } = this.state;
		if (request.ver !== undefined)
			return request.ver > ver ? "" : `version ${request.ver} is not newer than ${ver}`;
		// While another is held it is not known which one was applied last. A live one is done then.
		return textOf(request) === wish && (retain || held?.src !== "desired") ? "already done" : "";
	}

	/** Why a live command may be old, since its broker kept it; "" where it did not. */
	kept({ duplicate }: Received, liveOnly: boolean): string {
		if (liveOnly && (this.settling || duplicate)) return KEPT;
		// Once the broker has settled, nothing here is newer.
		return this.state.from === this.broker ? "" : `${KEPT}, older than what was done here`;
	}

	/** A verdict on the command with this `markOf`. */
	judge(command: string, { duplicate, id }: Received, { ver, cid }: Pick<Request, "ver" | "cid">): number {
		const { state, broker, heard } = this;
		if (!command) return Verdict.New;
		const mark = `${id}.${command}`;
		const here = heard.includes(mark);
		if (!here) this.heard = heard.concat(mark).slice(-MOST);
		if (!duplicate) return Verdict.New;
		const seen = state.seen.split(" ");
		const known = seen.includes(command);
		// With a cid no two commands have one text. Where something was done through another broker since, none proves it old.
		const sure = (known && cid !== undefined) || (state.from !== LOCAL && state.from !== broker);
		const perhaps = sure ? Verdict.Over : Verdict.Held;
		// A command that could not be stored is done at its next delivery, if nothing newer was done meanwhile. If a command with
		// the same text was handled before, this delivery may be a copy of that one, and something newer has followed it.
		if (this.undone.includes(command)) return known ? perhaps : Verdict.New;
		// On one connection identifiers are what they seem: VerneMQ sends again what is not acknowledged within 20 s.
		if (here) return Verdict.Over;
		// Sent for the first time before a command that came without DUP: NATS sends again after 30 s, in any order.
		if (this.advanced && ver === undefined) return Verdict.Over;
		if (seen.at(-1) === command || seen.includes(DEAD + command)) return Verdict.Over;
		return !known && (ver !== undefined || !state.seen) ? Verdict.New : perhaps;
	}

	/** Of a broker: stored first. False when it could not be, then the state is what it was. `fresh`: without DUP. */
	order({ hash, ...next }: Command, fresh: boolean): boolean {
		const { undone, open } = this;
		// One without DUP is newer than all that could not be stored, also than one with its text.
		const left = fresh ? 0 : undone.indexOf(hash) + 1;
		// While the broker may still deliver what it had kept, this command does not make those older than a local action newer.
		const from = this.settling ? this.state.from : this.broker;
		if (!this.stored({ mark: this.state.mark, ...next, from, seen: this.over(hash, left) }, hash)) {
			if (fresh && hash) this.open = open.concat(hash).slice(-MOST);
			return false;
		}
		this.advanced ||= fresh && hash !== "";
		// The earlier one with this text comes again alone, and is old once something newer was done.
		const again = fresh && open.includes(hash) ? [hash] : [];
		this.undone = left ? undone.slice(left) : again;
		return true;
	}

	/** As `order`, of a command that is not to be done yet. */
	hold(held: Command): boolean {
		return this.stored({ ...this.state, held }, held.hash);
	}

	/** The command that is held is old. */
	drop(): void {
		if (!this.state.held) return;
		this.state = { ...this.state, held: undefined };
		this.save();
	}

	/** A local action, or the fail-safe: stands in any case. Not stored yet. */
	act(on: boolean, src: string): void {
		const { wish } = this.state.held ?? this.state;
		const from = this.settling ? LOCAL : this.broker;
		this.state = { ...this.state, on, src, from, wish, held: undefined, seen: this.over("", 0) };
		this.undone = [];
	}

	/** A command was refused. Only in RAM: that matters once something newer was done, which stores it too. */
	note(command: string): void {
		this.state = { ...this.state, seen: noted(this.state.seen, command) };
	}

	/** Stores what stands. False when it could not; where it may yet be, it is `unsaved`. */
	save(): boolean {
		const stored = this.memory.put(this.key, this.state);
		this.unsaved = !stored && this.memory.lasting;
		return stored;
	}

	/** A broker is there. Another one than before knows nothing that could prove a held command old. */
	accepted(broker: number): void {
		// A connection that ends before it is online ends without a word.
		this.disconnected();
		if (broker !== this.broker && broker !== this.state.from) this.drop();
		this.broker = broker;
	}

	/** The broker has a new session, and sends nothing of an old one again. */
	forget(): void {
		this.undone = [];
		this.drop();
	}

	/** The broker has delivered what it kept: what comes from now on is live. True when there is a change to be stored. */
	settle(): boolean {
		const { broker, state } = this;
		this.settling = false;
		if (state.from === broker) return false;
		this.state = { ...state, from: broker };
		return true;
	}

	/** The connection is gone, and with it the meaning of its packet identifiers. */
	disconnected(): void {
		this.heard = [];
		this.open = [];
		this.advanced = false;
		this.settling = true;
	}

	private stored(state: State, hash: string): boolean {
		// A board that has nothing to remember with said so at its start, and has no older state to come back either.
		if (this.memory.lasting && !this.memory.put(this.key, state)) {
			if (hash && !this.undone.includes(hash)) this.undone = this.undone.concat(hash).slice(-MOST);
			return false;
		}
		this.unsaved = false;
		this.state = state;
		return true;
	}

	/** What could not be stored and is older than this must not be done any more: all, or those before the one at `left`. */
	private over(command: string, left: number): string {
		const dead = (left ? this.undone.slice(0, left - 1) : this.undone).map(each => DEAD + each);
		return dead.concat(command).reduce(noted, this.state.seen);
	}
}

/** Of a command, by text and topic: `kind` keeps those of one output apart. "" at QoS 0, which is not sent again. */
export const markOf = (kind: string, payload: Uint8Array, { id }: Received): string =>
	id ? hashOf(payload, 0x811c9dc5 ^ kind.charCodeAt(0)).toString(36) : "";

/** `seen` with one more at its end. */
const noted = (seen: string, command: string): string => {
	const bare = command.slice(command.startsWith(DEAD) ? 1 : 0);
	if (!bare) return seen;
	const others = seen.split(" ").filter(other => other && other !== bare && other !== DEAD + bare);
	return others.concat(command).slice(-MOST).join(" ");
};

/** Equal for requests that want the same. */
export const textOf = ({ on, brightness }: Request): string =>
	`${on ? "ON" : "OFF"}${brightness === undefined ? "" : ` ${brightness}`}`;

/** What was stored. Missing or invalid fields get their defaults. */
const read = (values: Values): State => {
	const { from, seen, held, mark } = values;
	const { hash } = isRecord(held) ? held : {};
	return {
		...commandOf(values),
		from: typeof from === "number" ? from : 0,
		seen: typeof seen === "string" ? seen : "",
		held: typeof hash === "string" ? { ...commandOf(held as Values), hash } : undefined,
		mark: isRecord(mark) ? mark : undefined,
	};
};

const commandOf = ({ on, brightness, ver, wish, src }: Values): Omit<Command, "hash"> => ({
	on: on === true,
	brightness: typeof brightness === "number" ? brightness : 255,
	ver: typeof ver === "number" ? ver : -1,
	wish: typeof wish === "string" ? wish : "",
	src: typeof src === "string" ? src : "power-on",
});

const powerOn = (state: State, { powerOn }: OutputDescription): State => {
	if (powerOn === "last") return state;
	if (powerOn === "off" || state.wish === "") return { ...state, on: false, src: "power-on" };
	const brightness = Number(state.wish.split(" ")[1] ?? state.brightness);
	return { ...state, on: state.wish.startsWith("ON"), brightness, src: "desired" };
};
