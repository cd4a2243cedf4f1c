/**
 * One output, and what may switch it (DESIGN.md, "Outputs"): `set` (live commands), `desired` (retained, with a version), a button, the
 * fail-safe. No old command is done over a newer one. A command of a broker is stored before it is done and before the session acknowledges
 * it, so neither a restart nor a redelivery does it twice; one that cannot be stored is not done. set.ts reads commands, newest.ts knows
 * which is the newest, drive.ts moves the actuator and publishes its state.
 */

import { Deadline } from "../../session/deadline.js";
import type { Received } from "../../session/options.js";
import type { OutputDescription } from "../description/description.js";
import type { Names, Values } from "../json.js";
import topics from "../topics.js";
import Drive, { type DriveParts, type OutputOptions } from "./drive.js";
import { type Command, Verdict } from "./newest.js";
import { hashCommand, parseLive, parseRequest, type Request, textOf } from "./set.js";

/** Quiet for so long (ms) after a reconnect to a session that the broker kept: it has delivered what it had kept. */
const SETTLE = 1000;

export default class Output extends Drive {
	/** Changed by `configure` only. */
	description: OutputDescription;
	private readonly names: Names;
	/** The broker has been away for as long as the fail-safe allows. */
	private readonly lost: Deadline;
	/** The broker has delivered what it had kept. */
	private readonly settled: Deadline;
	/** `acknowledged` before the broker could give a sign of life: at CONNACK, or when it was asked after the last redelivery. */
	private asked: number | undefined;

	/** Throws what the actuator's class throws. No broker yet: that counts as away. */
	constructor(parts: DriveParts & { readonly names: Names }, options: OutputOptions) {
		super(parts, options);
		const { timer, names } = parts;
		this.description = options.description;
		this.names = names;
		this.lost = new Deadline(timer, this, this.failSafe);
		this.settled = new Deadline(timer, this, this.settle);
		this.arm();
	}

	/** The time of the fail-safe counts from now on, if the broker is away. */
	configure(description: OutputDescription): void {
		this.description = description;
		this.lost.clear();
		if (!this.publisher.online) this.arm();
	}

	/** A message on `<name>/set`. Throws when it could not be stored: without DUP it is not acknowledged then. */
	set(payload: Uint8Array, about: Received): void {
		if (payload.byteLength === 0) return;
		const { newest, publisher } = this;
		const topic = topics.outputSet(this.name);
		const kept = newest.kept(about, this.description.liveOnly);
		// Where one was kept there may be more.
		if (kept && this.settled.standing) this.wait();
		// This one is perhaps not noted, and comes again if its acknowledgement is lost.
		if (kept && about.duplicate) this.asked = undefined;
		const request = parseLive(payload, about, kept, this.names);
		const { cid, error } = request;
		const hash = hashCommand("set", payload, about);
		const verdict = newest.judge(hash, about, request);
		if (verdict === Verdict.Over) this.pass(topic, hash);
		else if (error !== undefined) {
			if (verdict === Verdict.New) newest.note(hash);
			publisher.refuse(topic, error, cid);
		} else {
			// Also of a desired state that is held, and that this one follows.
			const { ver, wish } = newest.state.held ?? newest.state;
			const command = { ...this.wanted(request), ver, wish, src: "set", hash };
			if (this.stored(command, verdict, topic, about, cid)) this.bring(topic, cid);
		}
	}

	/**
	 * A message on `<name>/desired`; it comes retained from the broker's store and live from its sender. Throws when it
	 * could not be stored: without DUP it is not acknowledged then. `mark`: of a shadow, stored with it.
	 */
	desired(payload: Uint8Array, about: Received, mark?: Values): void {
		// Empty clears the retained message: there is no request then, which is not a request for OFF.
		if (payload.byteLength === 0) return;
		const { newest, publisher, description } = this;
		const topic = topics.outputDesired(this.name);
		const request = parseRequest(payload, this.names);
		const { cid, error } = request;
		if (error !== undefined || description.liveOnly) {
			publisher.refuse(topic, error ?? "expected nothing: it takes live commands only", cid);
			return;
		}
		const state = newest.state;
		const { ver = state.ver } = request;
		const hash = hashCommand("desired", payload, about);
		const verdict = newest.judge(hash, about, request);
		const old = newest.old(request, about);
		if (verdict === Verdict.Over) this.pass(topic, hash);
		else if (!old) {
			const command = {
				...this.wanted(request),
				ver,
				wish: textOf(request),
				src: "desired",
				hash,
				...(mark && { mark }),
			};
			if (this.stored(command, verdict, topic, about, cid)) this.bring(topic, cid);
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

	/** A broker is there, by its place in the list, and may send what it kept from now on. */
	accepted(broker: number): void {
		this.newest.accepted(broker);
		// What is held is done only after an answer to a question behind it.
		this.asked = this.newest.state.held ? undefined : this.publisher.acknowledged;
	}

	online(sessionPresent: boolean): void {
		this.lost.clear();
		if (sessionPresent) this.wait();
		else {
			this.newest.forget();
			this.live();
		}
	}

	offline(): void {
		this.newest.disconnected();
		this.settled.clear();
		this.asked = undefined;
		this.arm();
	}

	override close(): void {
		this.lost.close();
		this.settled.close();
		super.close();
	}

	private arm(): void {
		const failSafe = this.description.failSafe;
		if (failSafe !== undefined && !this.lost.standing) this.lost.set(failSafe);
	}

	private failSafe(): void {
		const { on, held } = this.newest.state;
		if (on || held?.on || this.shown.on) this.act(false, "failsafe", "fail-safe");
	}

	private wait(): void {
		this.settled.set(SETTLE);
	}

	/** Quiet: perhaps the broker has delivered what it had kept. Then what is held is not old. */
	private settle(): void {
		const { newest, publisher } = this;
		// A command may be held before that, and the connection ends perhaps. `online` waits again.
		if (!publisher.online) return;
		// A connection that has died in the middle of redelivery is quiet too, and so is one on which nothing of ours arrives: what
		// was refused comes again then. So the broker must answer a message first: TCP keeps the order, what was sent before is
		// here by then, and our acknowledgements are there.
		const acknowledged = publisher.acknowledged;
		if (this.asked === undefined || this.asked === acknowledged) {
			if (this.asked === undefined) this.announce();
			this.asked ??= acknowledged;
			this.wait();
			return;
		}
		this.live();
		const held = newest.state.held;
		if (!held) return;
		// What cannot be stored is tried again: it is acknowledged.
		if (!newest.order(held, false)) this.wait();
		else this.bring(held.src === "set" ? topics.outputSet(this.name) : topics.outputDesired(this.name));
	}

	/** The broker has delivered what it had kept: what comes from now on is live. */
	private live(): void {
		if (this.newest.settle()) this.save();
	}

	/** Delivered again, and handled before. */
	private pass(topic: string, hash: string): void {
		this.newest.passed(hash);
		this.publisher.report(`${topic}: delivered again, already done`);
	}

	/** Stores a command. False when it is not to be done now. */
	private stored(
		command: Command,
		verdict: number,
		topic: string,
		{ duplicate }: Received,
		cid?: string | number,
	): boolean {
		const held = verdict === Verdict.Held;
		if (!(held ? this.newest.hold(command) : this.newest.order(command, !duplicate))) {
			this.publisher.refuse(topic, "could not be stored: not done", cid);
			throw new Error(`${topic}: could not be stored`);
		}
		if (held) {
			this.asked = undefined;
			this.wait();
		}
		return !held;
	}

	/** A local action: done even if it cannot be stored. */
	private act(on: boolean, src: string, cause: string): void {
		this.newest.act(on, src);
		if (!this.save()) this.publisher.report(`${cause}: could not be stored, a restart will not know it`);
		this.bring(cause);
	}

	private wanted({ on, brightness }: Request): { on: boolean; brightness: number } {
		return { on, brightness: (this.dimmable ? brightness : undefined) ?? this.newest.state.brightness };
	}
}
