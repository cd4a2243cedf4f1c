/**
 * All that this board retains at its broker (DESIGN.md, "Retained topics"): `info`, whose content is made here (its keys are
 * in TOPICS.md), and the state of each output and of each alert. Announces one topic a turn, since their number grows with the
 * description and sampling must not wait; a topic for which the session has no room follows as soon as there is some. Clears
 * topics that the board once retained and that its present description does not have: each topic has a record, kept over
 * restarts and descriptions. Topics of an earlier root or id are left alone, since another board may have them now.
 */

import { encode } from "../mqtt/codec.js";
import type { Timer } from "../mqtt/io.js";
import { Deadline } from "../session/deadline.js";
import type { Device } from "./io.js";
import type { Values } from "./json.js";
import { type Boot, hashOf, type default as Memory, type Room, type Storage } from "./memory.js";
import type Publisher from "./publisher.js";
import type Sensor from "./sensors/sensor.js";
import { counted } from "./sensors/sensor.js";
import type Time from "./time.js";
import topics from "./topics.js";

/** Milliseconds until a topic is tried again. */
const AGAIN = 250;
const PREFIX = "r:";

export const firmware = "glowworm 0.1.0";

/** A part of the board with a topic that is retained: an output, an alert. */
interface Announcing {
	readonly name: string;
	announce(): void;
}

export interface RetainedOptions {
	/** The root or id is on trial. The board may go back to another one, so the records of that one stay. */
	readonly trying: boolean;
	readonly timer: Timer;
	readonly memory: Memory;
	readonly publisher: Publisher;
	/** As it is now. */
	readonly info: Values;
	readonly outputs: readonly Announcing[];
	readonly alerts: readonly Announcing[];
}

export default class Retained {
	private readonly options: RetainedOptions;
	/** Names of earlier descriptions. */
	private old: string[] = [];
	/** 1 for each name that is to be announced, and for the clearing of old topics, which comes last. */
	private readonly due: Uint8Array;
	private cursor = 0;
	private readonly turn: Deadline;

	/** Notes all names, before anything is retained; deletes the records of another base. */
	constructor(options: RetainedOptions) {
		const { memory, publisher, timer, trying } = options;
		const base = publisher.topic("");
		this.options = options;
		const names = this.names;
		const wanted = new Set(names);
		memory.keys(PREFIX).forEach(key => {
			const n = memory.get(key).n;
			if (typeof n !== "string" || keyFor(base, n) !== key) {
				if (!trying) memory.delete(key);
			} else if (!wanted.delete(n)) this.old.push(n);
		});
		let lost = 0;
		wanted.forEach(name => {
			if (!memory.put(keyFor(base, name), { n: name })) lost++;
		});
		const which = `${lost} of ${names.length} topics`;
		if (lost) publisher.report(`retained: ${which} could not be noted, so they will not be cleared later`);
		this.due = new Uint8Array(names.length + 1);
		this.turn = new Deadline(timer, this, this.next);
	}

	/** The names of all that may be at the broker, earlier descriptions included. */
	get all(): readonly string[] {
		return this.names.concat(this.old);
	}

	/** Publishes all of it, from the first, one a turn; then clears the topics of earlier descriptions. */
	announce(): void {
		this.due.fill(1);
		this.cursor = 0;
		this.turn.set(0);
	}

	/** The session had no room for this topic. */
	full(name: string): void {
		this.due[this.index(name)] = 1;
		this.turn.set(AGAIN);
	}

	/** Publishes `info` as it is now. */
	inform(): void {
		this.options.publisher.state(topics.info, JSON.stringify(this.options.info));
	}

	/** The board is decommissioned: all was cleared. */
	forget(): void {
		this.all.forEach(name => this.delete(name));
		this.old = [];
	}

	close(): void {
		this.turn.close();
	}

	/** Of the present description, in the order in which they are announced. Made when asked for: kept, each takes 60 bytes. */
	private get names(): string[] {
		const { outputs, alerts } = this.options;
		const names: string[] = [topics.info];
		outputs.forEach(({ name }) => names.push(topics.outputState(name)));
		alerts.forEach(({ name }) => names.push(topics.alertState(name)));
		return names;
	}

	/** Its place in `names`, which are not made for it: states find no room when many alerts change at once. */
	private index(name: string): number {
		const { outputs, alerts } = this.options;
		const output = outputs.findIndex(part => topics.outputState(part.name) === name);
		if (output >= 0) return 1 + output;
		const alert = alerts.findIndex(part => topics.alertState(part.name) === name);
		return alert < 0 ? 0 : 1 + outputs.length + alert;
	}

	private next(): void {
		const due = this.due;
		const { outputs, alerts } = this.options;
		// Goes round: a topic that never fits does not hold up the others.
		const ahead = due.indexOf(1, this.cursor);
		const index = ahead < 0 ? due.indexOf(1) : ahead;
		this.cursor = index + 1;
		due[index] = 0;
		// An index below 0 is a name to XS, which it never gives back.
		const part =
			index > outputs.length ? alerts[index - 1 - outputs.length] : outputs[Math.max(index, 1) - 1];
		if (index === 0) this.inform();
		else if (part) part.announce();
		else if (!this.cleanUp()) {
			due[index] = 1;
			this.turn.set(AGAIN);
		}
		if (due.includes(1) && !this.turn.standing) this.turn.set(0);
	}

	/** Clears the topics of earlier descriptions. False when there was no room for all. */
	private cleanUp(): boolean {
		const publisher = this.options.publisher;
		if (!publisher.retaining) return true;
		this.old = this.old.filter(name => {
			const cleared = publisher.erase(publisher.topic(name));
			if (cleared) this.delete(name);
			return !cleared;
		});
		return this.old.length === 0;
	}

	private delete(name: string): void {
		const { memory, publisher } = this.options;
		memory.delete(keyFor(publisher.topic(""), name));
	}
}

/** The key of a name. It depends on the base, so a record of an earlier root or id can be told by its key. */
const keyFor = (base: string, name: string): string => PREFIX + hashOf(name, hashOf(base)).toString(36);

/** The record of a name. */
export const roomOf = (base: string, name: string): Room => [
	keyFor(base, name),
	encode(JSON.stringify({ n: name })).byteLength,
];

/** What `info` is made from: the board. */
interface Telling {
	readonly device: Device;
	readonly storage: Storage;
	readonly memory: Memory;
	readonly boot: Boot;
	readonly time: Time;
	readonly publisher: Publisher;
	readonly sensors: readonly Sensor[];
}

/** The content of `info`, which also answers `cmd info`: firmware, host, start, time, storage, and the counters of each part. */
export const infoOf = ({ device, storage, memory, boot, time, publisher, sensors }: Telling): Values => {
	const stopped = publisher.stopped;
	// It decides the quality.
	time.now();
	return {
		firmware,
		host: device.name,
		boot: boot.count,
		reset: device.reset,
		uptime: time.uptime,
		tsq: time.quality,
		// Left out of the text where it is undefined.
		signal: device.network.signal?.(),
		outbox: storage.outbox.broken ? "ram: flash takes no writes" : storage.kind,
		counters: {
			// The session's: plain numbers.
			...publisher.session.counters,
			...counted(sensors),
			...(stopped && { stopped }),
			memoryFailures: memory.failures,
			store: storage.store?.counters ?? {},
		},
	};
};
