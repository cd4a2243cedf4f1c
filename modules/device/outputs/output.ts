/**
 * One actuator and what may switch it: `set` (live commands), `desired` (retained, with a version), a button, the
 * fail-safe, the power-on policy. Reports what is in `state`. Field-notes §4: no old command over a newer one.
 * What comes from a broker is stored before it is done and before the session acknowledges, so neither a restart nor a
 * redelivery does it twice; what cannot be stored is not done, unless a hand did it. What stands is in ledger.ts, what
 * moves it in actuation.ts, what the broker's absence means in absence.ts.
 */

import type { Received } from "../../session/options.js";
import type { OutputDescription } from "../description/description.js";
import type { ActuatorDriver, Device } from "../io.js";
import type Memory from "../memory.js";
import type Voice from "../publisher.js";
import topics from "../topics.js";
import { type Applied, levelOf, stateText, wishText } from "./applied.js";
import Actuation, { type ActuationOwner } from "./drive.js";
import Absence, { type AbsenceOwner } from "./failsafe.js";
import Ledger from "./ledger.js";
import { parseWish, type Refusal, type Wish } from "./request.js";

/** What an output needs of its board. */
export interface OutputHost {
	readonly memory: Memory;
	readonly timer: Device["timer"];
	readonly voice: Voice;
	report(line: string): void;
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
	private readonly host: OutputHost;
	/** What is meant. */
	private readonly ledger: Ledger;
	private readonly actuation: Actuation;
	private readonly absence: Absence;
	private settings: OutputDescription;
	/** What the actuator was last brought to. */
	private shown: Applied;
	/** Who waits for the actuator: the topic that asked, and the cid of the answer. */
	private topic: string;
	private cid: string | number | undefined;

	/** Throws what the actuator's class throws. */
	constructor(host: OutputHost, { name, description, driver, options }: OutputOptions) {
		this.name = this.topic = name;
		this.dimmable = driver.dimmable ?? false;
		this.host = host;
		this.settings = description;
		this.ledger = new Ledger(host.memory, name, description);
		this.shown = this.state;
		const level = levelOf(this.state, this.dimmable);
		this.actuation = new Actuation(this.actuating(), { timer: host.timer, driver, options, level });
		this.absence = new Absence(this.waiting(), host.timer, description.failSafe);
	}

	get description(): OutputDescription {
		return this.settings;
	}

	private get state(): Applied {
		return this.ledger.state;
	}

	configure(description: OutputDescription): void {
		this.settings = description;
		this.absence.configure(description.failSafe);
	}

	/** A message on `<name>/set`. Throws when it could not be stored, so that it is not acknowledged. */
	set(payload: Uint8Array, about: Received): void {
		if (payload.byteLength === 0) return;
		const topic = topics.outputSet(this.name);
		const seen = this.ledger.seen("set", payload, about);
		const wish = parseWish(payload);
		const stale = this.absence.stale(about, this.settings.liveOnly, this.state.local);
		if (seen === undefined) this.host.report(`${topic}: delivered again, already done`);
		else if (stale || "error" in wish) {
			this.ledger.note(seen);
			const error = stale ? `expected a live message, found ${stale}: ignored` : (wish as Refusal).error;
			this.host.voice.refuse(topic, error, wish.cid);
		} else
			this.order({ ...this.state, ...this.wished(wish), src: "set", local: false, seen }, topic, wish.cid);
	}

	/**
	 * A message on `<name>/desired`; it comes retained from the broker's store and live from its sender. Throws when it
	 * could not be stored, so that it is not acknowledged.
	 */
	desired(payload: Uint8Array, about: Received): void {
		// Empty clears the retained message: nobody wishes anything, which is not a wish for off.
		if (payload.byteLength === 0) return;
		const topic = topics.outputDesired(this.name);
		const wish = parseWish(payload);
		if ("error" in wish) this.host.voice.refuse(topic, wish.error, wish.cid);
		else if (this.settings.liveOnly)
			this.host.voice.refuse(topic, "expected nothing: it takes live commands only", wish.cid);
		else this.wish(wish, topic, payload, about);
	}

	/** The button: whoever stands before the thing sees what it does, so here, and only here, the other state is meant. */
	press(): void {
		this.local({ ...this.state, on: !this.shown.on, src: "local" }, "button");
	}

	online(sessionPresent: boolean): void {
		this.absence.online(sessionPresent);
		if (sessionPresent) return;
		// A new session has kept nothing, and counts its packet identifiers anew: what they say of an old one would be wrong.
		this.ledger.forget();
		this.live("");
	}

	offline(): void {
		this.absence.offline();
	}

	/** The retained state: what the actuator was brought to. */
	announce(): void {
		this.host.voice.state(topics.outputState(this.name), stateText(this.shown, this.dimmable));
	}

	/** Blinks for a few seconds to be found, and changes no state. */
	identify(): void {
		this.actuation.blink();
	}

	close(): void {
		this.absence.close();
		this.actuation.close();
	}

	/** A well-formed wish, which may be an old one. */
	private wish(wish: Wish, topic: string, payload: Uint8Array, about: Received): void {
		const { cid, ver = this.state.ver } = wish;
		const seen = this.ledger.seen("desired", payload, about);
		const old = seen === undefined ? "delivered again, already done" : this.ledger.old(wish);
		if (seen === undefined || old) {
			this.host.report(`${topic}: ${old}`);
			if (seen !== undefined) this.ledger.note(seen);
			// A copy of the broker's is nobody's question. Somebody's older version is, with or without a cid.
			const live = !about.retain && !about.duplicate;
			if (live && (cid !== undefined || ver < this.state.ver))
				this.host.voice.refuse(topic, old, cid, this.state.ver);
			return;
		}
		const wished = { ...this.wished(wish), ver, wish: wishText(wish), src: "desired", local: false };
		this.order({ ...this.state, ...wished, seen }, topic, cid);
	}

	/** From a broker: stored first, or not done and not acknowledged. */
	private order(next: Applied, topic: string, cid?: string | number): void {
		if (!this.ledger.order(next)) {
			this.host.voice.refuse(topic, "could not be stored: not done", cid);
			throw new Error(`${topic}: could not be stored`);
		}
		this.carryOut(topic, cid);
	}

	/** By hand or fail-safe: done whatever memory says. */
	private local(next: Applied, what: string): void {
		this.ledger.act({ ...next, local: this.absence.settling });
		if (!this.save()) this.host.report(`${what}: could not be stored, a restart will not know it`);
		this.carryOut(what);
	}

	private carryOut(topic: string, cid?: string | number): void {
		this.topic = topic;
		this.cid = cid;
		this.actuation.bring(levelOf(this.state, this.dimmable));
	}

	private actuating(): ActuationOwner {
		return {
			shown: () => this.done(),
			failed: () => this.host.voice.refuse(this.topic, "the actuator failed, it is tried again", this.cid),
			retry: () => {
				if (this.ledger.unsaved) this.save();
			},
		};
	}

	private waiting(): AbsenceOwner {
		return {
			lasted: () => {
				if (this.state.on || this.shown.on)
					this.local({ ...this.state, on: false, src: "failsafe" }, "fail-safe");
			},
			settled: () => this.live(this.state.seen),
		};
	}

	/** What comes from now on is live; the marks of commands that may still come again. */
	private live(seen: string): void {
		if (!this.state.local && seen === this.state.seen) return;
		this.ledger.note(seen, false);
		this.save();
	}

	/** The actuator shows what is meant. */
	private done(): void {
		const { on, src } = this.state;
		this.shown = this.state;
		this.host.report(`${this.name} ${on ? "on" : "off"} (${src})`);
		this.announce();
		if (this.cid !== undefined) this.host.voice.confirm(this.topic, this.cid);
	}

	/** What cannot be stored is tried again, and the actuator after it. False when it could not. */
	private save(): boolean {
		const stored = this.ledger.save();
		if (this.ledger.unsaved) this.actuation.again();
		return stored;
	}

	private wished({ on, brightness }: Wish): { on: boolean; brightness: number } {
		return { on, brightness: (this.dimmable ? brightness : undefined) ?? this.state.brightness };
	}
}
