/**
 * The newest command of one output: the state that stands, and whether a command that comes is newer (DESIGN.md, "Redelivery"). A greater
 * `ver` wins. Without one a command is old when it was handled before (`judge`), or when its broker kept it and something was done here
 * since (`kept`). A command of a broker stands once it is stored; a local action stands in any case. Moves nothing, and waits for nothing:
 * output.ts does.
 */

import type { Received } from "../../session/options.js";
import type { OutputDescription } from "../description/description.js";
import { isRecord, type Values } from "../json.js";
import type Memory from "../memory.js";
import { keyOf, type Room } from "../memory.js";
import { type Request, textOf } from "./set.js";

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
	/** Handled before, or older than a command that was: to be dropped. */
	Over: 1,
	/** Perhaps the one, perhaps the other: to be done once the broker has settled, unless it turns out to be old. */
	Held: 2,
});

/** A local action or the fail-safe came since the connection was lost, so what any broker kept until then is old. No place in the list. */
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
	/** Commands that could not be stored, the latest last: the broker sends them again, perhaps after something newer was done. */
	private unstored: readonly string[] = [];
	/** Those of them that were perhaps delivered again, and still are when they come once more. */
	private unsure: readonly string[] = [];
	/** Commands that were refused while one was held or waited to be stored: those of them that come again do not prove it old. */
	private behind: readonly string[] = [];

	// Of this connection

	/** A message may be one that the broker kept while the board was away. */
	private settling = true;
	/** A command without DUP was stored. */
	private advanced = false;
	/** What came, as packet identifier and hash. */
	private heard: readonly string[] = [];
	/** Commands without DUP that could not be stored: the broker has no acknowledgement for them. */
	private open: readonly string[] = [];

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
		// While another is held, also behind a held `set`, it is not known which one was applied last. A live one is done then.
		const known = retain || !held || (held.src !== "desired" && held.wish === wish);
		return known && textOf(request) === wish ? "already done" : "";
	}

	/** Why a live command may be old, since its broker kept it; "" where it did not. */
	kept({ duplicate }: Received, liveOnly: boolean): string {
		if (liveOnly && (this.settling || duplicate)) return KEPT;
		// Once the broker has settled, nothing here is newer.
		return this.state.from === this.broker ? "" : `${KEPT}, older than what was done here`;
	}

	/**
	 * What a command is, by the hash that `hashCommand` gives it. The first line that holds decides:
	 *
	 * | the command | it is |
	 * |---|---|
	 * | has no DUP, or QoS 0 | new |
	 * | could not be stored, and nothing newer was done since | new, or unsure if it was then or its text was handled too |
	 * | came on this connection under this identifier | over |
	 * | has no `ver`, and one without DUP was done on this connection | over: it was first sent before that one |
	 * | has the text of the last one handled, or of one that must not be done any more | over |
	 * | has a text that was not handled, and a `ver`, or is the first at all | new |
	 * | is any other | unsure |
	 *
	 * Unsure is held. It is over if its text has a `cid` and was handled, for no two commands have one; and if something was done through
	 * another broker since, for nothing could prove it old then.
	 */
	judge(hash: string, { duplicate, id }: Received, { ver, cid }: Pick<Request, "ver" | "cid">): number {
		const { state, broker, heard } = this;
		if (!hash) return Verdict.New;
		const message = `${id}.${hash}`;
		const here = heard.includes(message);
		if (!here) this.heard = heard.concat(message).slice(-MOST);
		if (!duplicate) return Verdict.New;
		const seen = state.seen.split(" ");
		const known = seen.includes(hash);
		const elsewhere = state.from !== LOCAL && state.from !== broker;
		const unsure = elsewhere || (known && cid !== undefined) ? Verdict.Over : Verdict.Held;
		if (this.unstored.includes(hash)) return known || this.unsure.includes(hash) ? unsure : Verdict.New;
		// VerneMQ sends again on the same connection what is not acknowledged within 20 s.
		if (here) return Verdict.Over;
		// NATS sends again after 30 s, in any order.
		if (this.advanced && ver === undefined) return Verdict.Over;
		const last = seen.filter(other => !other.startsWith(DEAD)).at(-1);
		if (hash === last || seen.includes(DEAD + hash)) return Verdict.Over;
		if (!known && (ver !== undefined || !state.seen)) return Verdict.New;
		return unsure;
	}

	/** Of a broker: stored first. False when it could not be, then the state is what it was. `fresh`: without DUP. */
	order({ hash, ...next }: Command, fresh: boolean): boolean {
		const { state, unstored } = this;
		// One without DUP is newer than all that could not be stored. One with DUP may be one of them: those before it are older.
		const place = fresh ? -1 : unstored.indexOf(hash);
		const older = place < 0 ? unstored : unstored.slice(0, place);
		// While the broker may still deliver what it had kept, this command does not make those older than a local action newer.
		const from = this.settling ? state.from : this.broker;
		const seen = noted(without(older, state.seen), hash);
		const again = this.open.includes(hash);
		if (!this.stored({ mark: state.mark, ...next, from, seen }, hash)) {
			if (fresh && hash) this.open = this.open.concat(hash).slice(-MOST);
			return false;
		}
		this.advanced ||= fresh && hash !== "";
		if (place >= 0) this.unstored = unstored.slice(place + 1);
		// The broker sends an earlier one with this text again, by itself. It is old once something newer than this one was done.
		else this.unstored = again ? [hash] : [];
		return true;
	}

	/** As `order`, of a command that is not to be done yet. */
	hold(held: Command): boolean {
		const { hash } = held;
		if (hash !== this.state.held?.hash && !this.unstored.includes(hash)) this.behind = [];
		return this.stored({ ...this.state, held }, hash);
	}

	/** This command is over. So is one that is held, for it came before, unless this one was refused behind it. */
	passed(command: string): void {
		if (!this.behind.includes(command)) this.drop();
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
		const seen = without(this.unstored, this.state.seen);
		this.state = { ...this.state, on, src, from, wish, held: undefined, seen };
		this.unstored = [];
	}

	/** A command was refused. Kept in RAM: it need not be known before something newer was done, and that is stored with it. */
	note(command: string): void {
		if (this.unstored.length || this.state.held) this.behind = this.behind.concat(command).slice(-MOST);
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
		this.unstored = [];
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
			if (hash && !this.unstored.includes(hash)) {
				this.unstored = this.unstored.concat(hash).slice(-MOST);
				const others = this.unsure.filter(other => other !== hash);
				this.unsure = (state.held ? others.concat(hash) : others).slice(-MOST);
			}
			this.behind = [];
			return false;
		}
		this.unsaved = false;
		this.state = state;
		return true;
	}
}

/** `seen` with one more at its end. */
const noted = (seen: string, hash: string): string => {
	const bare = hash.slice(hash.startsWith(DEAD) ? 1 : 0);
	if (!bare) return seen;
	const others = seen.split(" ").filter(other => other && other !== bare && other !== DEAD + bare);
	return others.concat(hash).slice(-MOST).join(" ");
};

/** `seen` with these at its end, which must not be done any more. */
const without = (hashes: readonly string[], seen: string): string =>
	hashes.reduce((all, hash) => noted(all, DEAD + hash), seen);

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
