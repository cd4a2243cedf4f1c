/**
 * One actuator and what may switch it: `set` (live commands), `desired` (retained, with a version), a button, the
 * fail-safe, the power-on policy. Publishes its `state`. No old command is done over a newer one. A command of a broker is
 * stored before it is done and before the session acknowledges it, so neither a restart nor a redelivery does it twice; one
 * that cannot be stored is not done. newest.ts knows what stands, drive.ts moves the actuator, failsafe.ts knows what the
 * broker's absence means.
 */

import type { Received } from "../../session/options.js";
import type { OutputDescription } from "../description/description.js";
import type { ActuatorDriver, Device } from "../io.js";
import type { Names } from "../json.js";
import type Memory from "../memory.js";
import type Publisher from "../publisher.js";
import topics from "../topics.js";
import Drive from "./drive.js";
import FailSafe from "./failsafe.js";
import Newest, { type Command, LOCAL, markOf, type State, textOf, Verdict } from "./newest.js";
import { ignored, parseLive, parseRequest, type Request } from "./set.js";

/** The objects that the outputs of a board share. */
export interface OutputParts {
	readonly memory: Memory;
	readonly timer: Device["timer"];
	readonly publisher: Publisher;
	readonly names: Names;
}

export interface OutputOptions {
	readonly name: string;
	readonly description: OutputDescription;
	readonly driver: ActuatorDriver;
	/** For the driver's class. */
	readonly options: object;
}

export default class Output {
	readonly name: string;
	readonly dimmable: boolean;
	/** Changed by `configure` only. */
	description: OutputDescription;
	private readonly publisher: Publisher;
	private readonly names: Names;
	/** For the reading of others: a device shadow asks which version stands. */
	readonly newest: Newest;
	private readonly drive: Drive;
	private readonly failSafe: FailSafe;
	/** What the actuator was last brought to. */
	private shown: State;
	/** What moves the actuator, and the cid of its answer. */
	private cause: string;
	private cid: string | number | undefined;
	/** The place in the list of the broker that has accepted the board last; -1 before the first. */
	private broker = -1;
	/** While a command is held and the broker seems to have settled: `acknowledged` before it was asked for a sign of life. */
	private asked: number | undefined;

	/** Throws what the actuator's class throws. */
	constructor({ memory, timer, publisher, names }: OutputParts, options: OutputOptions) {
		const { name, description, driver } = options;
		this.name = this.cause = name;
		this.dimmable = driver.dimmable ?? false;
		this.description = description;
		this.publisher = publisher;
		this.names = names;
		this.newest = new Newest(memory, name, description);
		this.shown = this.newest.state;
		this.drive = new Drive({ timer, driver, options: options.options, level: this.level, owner: this });
		this.failSafe = new FailSafe(timer, description.failSafe, this);
	}

	configure(description: OutputDescription): void {
		this.description = description;
		this.failSafe.configure(description.failSafe);
	}

	/** A message on `<name>/set`. Throws when it could not be stored: without DUP it is not acknowledged then. */
	set(payload: Uint8Array, about: Received): void {
		if (payload.byteLength === 0) return;
		const { newest, publisher } = this;
		const topic = topics.outputSet(this.name);
		const hash = markOf("set", payload, about);
		const verdict = newest.judge(hash, about);
		const kept = this.failSafe.stale(about, this.description.liveOnly, newest.state.from !== this.broker);
		let request = parseLive(payload, about, this.names);
		if (kept && !about.retain) request = ignored(kept, request);
		if (verdict === Verdict.Over) this.pass(topic);
		else if ("error" in request) {
			if (verdict === Verdict.New) newest.note(hash);
			publisher.refuse(topic, request.error, request.cid);
		} else {
			// Also of a desired state that is held, and that this one follows.
			const { ver, wish } = newest.state.held ?? newest.state;
			const command = { ...this.wanted(request), ver, wish, src: "set", hash };
			if (this.stored(command, verdict, topic, about, request.cid)) this.drive.bring(this.level);
		}
	}

	/**
	 * A message on `<name>/desired`; it comes retained from the broker's store and live from its sender. Throws when it
	 * could not be stored: without DUP it is not acknowledged then.
	 */
	desired(payload: Uint8Array, about: Received): void {
		// Empty clears the retained message: there is no request then, which is not a request for OFF.
		if (payload.byteLength === 0) return;
		const { newest, publisher, description } = this;
		const topic = topics.outputDesired(this.name);
		const request = parseRequest(payload, this.names);
		const cid = request.cid;
		if ("error" in request || description.liveOnly) {
			const error = "error" in request ? request.error : "expected nothing: it takes live commands only";
			publisher.refuse(topic, error, cid);
			return;
		}
		const state = newest.state;
		const { ver = state.ver } = request;
		const hash = markOf("desired", payload, about);
		const verdict = newest.judge(hash, about, request.ver !== undefined);
		const old = newest.old(request, about);
		if (verdict === Verdict.Over) this.pass(topic);
		else if (!old) {
			const command = { ...this.wanted(request), ver, wish: textOf(request), src: "desired", hash };
			if (this.stored(command, verdict, topic, about, cid)) this.drive.bring(this.level);
		} else {
			publisher.report(`${topic}: ${old}`);
			// The retained copy is the latest desired state: one that is held is older.
			if (request.ver === undefined && state.held?.src === "desired") newest.drop();
			if (verdict === Verdict.New) newest.note(hash);
			// A copy of the broker's needs no answer. A sender's older version does, with or without a cid.
			const live = !about.retain && !about.duplicate;
			if (live && (cid !== undefined || ver < state.ver)) publisher.refuse(topic, old, cid, state.ver);
		}
	}

	/** The button. Its user sees the actuator, so here, and only here, the other state is meant. */
	press(): void {
		this.act(!this.shown.on, "local", "button");
	}

	/** A broker is there, and may send what it kept from now on. Another one knows nothing that could prove a held command old. */
	accepted(broker: number): void {
		if (broker !== this.broker && broker !== this.newest.state.from) this.newest.drop();
		this.broker = broker;
	}

	online(sessionPresent: boolean): void {
		this.failSafe.online(sessionPresent);
		if (sessionPresent) return;
		this.newest.forget();
		this.onSettled();
	}

	offline(): void {
		this.failSafe.offline();
		this.newest.disconnected();
		this.asked = undefined;
	}

	/** The retained state: what the actuator was brought to. */
	announce(): void {
		const { on, brightness, ver, src } = this.shown;
		// What is undefined is left out of the text.
		const text = JSON.stringify({
			state: on ? "ON" : "OFF",
			brightness: this.dimmable ? brightness : undefined,
			ver: ver < 0 ? undefined : ver,
			src,
		});
		this.publisher.state(topics.outputState(this.name), text);
	}

	/** Blinks for a few seconds to be found, and changes no state. */
	identify(): void {
		this.drive.blink();
	}

	close(): void {
		this.failSafe.close();
		this.drive.close();
	}

	// For the drive and the fail-safe.

	/** The actuator shows what is meant. State and answer follow in a turn of their own. */
	onShown(): void {
		const state = this.newest.state;
		this.shown = state;
		this.publisher.report(`${this.name} ${state.on ? "on" : "off"} (${state.src})`);
		this.publisher.soon(this);
		if (this.cid !== undefined) this.publisher.confirm(this.cause, this.cid);
	}

	onFailed(): void {
		this.publisher.refuse(this.cause, "the actuator failed, it is tried again", this.cid);
	}

	onRetry(): void {
		if (this.newest.unsaved) this.save();
	}

	onLost(): void {
		const { on, held } = this.newest.state;
		if (on || held?.on || this.shown.on) this.act(false, "failsafe", "fail-safe");
	}

	/** The broker has delivered what it had kept: what comes from now on is live, and what is held is not old. */
	onSettled(): void {
		const newest = this.newest;
		if (newest.settle(this.broker)) this.save();
		const held = newest.state.held;
		if (!held) return;
		// A connection that has died in the middle of redelivery is quiet too. So the broker must answer a message first: TCP
		// keeps the order, and what was sent before is here by then. What cannot be stored is tried again: it is acknowledged.
		const acknowledged = this.publisher.acknowledged;
		if (this.asked === undefined || this.asked === acknowledged || !newest.order(held, this.broker, false)) {
			if (this.asked === undefined) this.announce();
			this.asked ??= acknowledged;
			this.failSafe.wait();
			return;
		}
		this.cause = held.src === "set" ? topics.outputSet(this.name) : topics.outputDesired(this.name);
		this.cid = undefined;
		this.drive.bring(this.level);
	}

	/** Delivered again, and handled before: so was what is held, for it came before. */
	private pass(topic: string): void {
		this.newest.drop();
		this.publisher.report(`${topic}: delivered again, already done`);
	}

	/** From a broker: stored before it is done, or not done. False when it is not to be done now. */
	private stored(
		command: Command,
		verdict: number,
		topic: string,
		{ duplicate }: Received,
		cid?: string | number,
	): boolean {
		const from = this.newest.state.from;
		const unsure = verdict >= Verdict.Unsure;
		// With a cid no two commands have one text. Where something was done through another broker since, none proves it old.
		if (
			unsure &&
			((verdict === Verdict.Unsure && cid !== undefined) || (from !== LOCAL && from !== this.broker))
		) {
			this.pass(topic);
			return false;
		}
		if (!(unsure ? this.newest.hold(command) : this.newest.order(command, this.from(true), !duplicate))) {
			this.publisher.refuse(topic, "could not be stored: not done", cid);
			throw new Error(`${topic}: could not be stored`);
		}
		if (unsure) {
			this.asked = undefined;
			this.failSafe.wait();
		} else {
			this.cause = topic;
			this.cid = cid;
		}
		return !unsure;
	}

	/** A local action: done even if it cannot be stored. */
	private act(on: boolean, src: string, cause: string): void {
		this.newest.act(on, src, this.from(false));
		if (!this.save()) this.publisher.report(`${cause}: could not be stored, a restart will not know it`);
		this.cause = cause;
		this.cid = undefined;
		this.drive.bring(this.level);
	}

	/** `State.from` after a command or a local action. What a broker kept is not placed by one of its commands. */
	private from(command: boolean): number {
		if (!this.failSafe.settling) return this.broker;
		return command ? this.newest.state.from : LOCAL;
	}

	/** That is meant, 0…255. */
	private get level(): number {
		const { on, brightness } = this.newest.state;
		return on ? (this.dimmable ? brightness : 255) : 0;
	}

	/** What cannot be stored is tried again, and the actuator after it. False when it could not. */
	private save(): boolean {
		const stored = this.newest.save();
		if (this.newest.unsaved) this.drive.again();
		return stored;
	}

	private wanted({ on, brightness }: Request): { on: boolean; brightness: number } {
		return { on, brightness: (this.dimmable ? brightness : undefined) ?? this.newest.state.brightness };
	}
}
