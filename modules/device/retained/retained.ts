/**
 * All that this board retains at its broker: `info`, the state of each output and of each alert. Announces it one topic a
 * turn, because it grows with the description and sampling must not wait for it; a topic for which the session has no room
 * follows as soon as there is some. The names are noted in memory before anything is retained (cleanup.ts). The board decides
 * when it is announced, and when it is taken back.
 */

import type { Timer, TimerHandle } from "../../mqtt/io.js";
import type Memory from "../memory.js";
import type Output from "../outputs/output.js";
import type Publisher from "../publisher.js";
import type Sensor from "../sensors/sensor.js";
import topics from "../topics.js";
import Cleanup from "./cleanup.js";
import type Info from "./info.js";

/** Milliseconds until a topic is tried again. */
const AGAIN = 250;
/** Stands for the clearing of old topics, as a topic that comes last. */
const CLEAN = "";

export interface RetainedOptions {
	/** All topics begin with it. */
	readonly base: string;
	readonly timer: Timer;
	readonly memory: Memory;
	readonly publisher: Publisher;
	readonly info: Pick<Info, "values">;
	readonly outputs: readonly Pick<Output, "name" | "announce">[];
	readonly sensors: readonly {
		readonly alerts: readonly Pick<Sensor["alerts"][number], "name" | "announce">[];
	}[];
	/** The base is on trial. */
	readonly trying: boolean;
}

export default class Retained {
	private readonly timer: Timer;
	private readonly publisher: Publisher;
	/** The names of all that may be at the broker, earlier descriptions included. */
	readonly cleanup: Cleanup;
	private readonly announcers = new Map<string, () => void>();
	/** Topics that are to be announced, in this order. */
	private readonly due = new Set<string>();
	private handle: TimerHandle | undefined;

	constructor({ base, timer, memory, publisher, info, outputs, sensors, trying }: RetainedOptions) {
		this.timer = timer;
		this.publisher = publisher;
		const all = this.announcers;
		all.set(topics.info, () => publisher.state(topics.info, JSON.stringify(info.values)));
		for (const output of outputs) all.set(topics.outputState(output.name), () => output.announce());
		for (const { alerts } of sensors)
			for (const alert of alerts) all.set(topics.alertState(alert.name), () => alert.announce());
		const names = [...all.keys()];
		this.cleanup = new Cleanup({ memory, base, names, trying, report: line => publisher.report(line) });
		all.set(CLEAN, () => this.clean());
	}

	/** Publishes all of it, from the first, one a turn; then clears what earlier descriptions have retained. */
	announce(): void {
		this.due.clear();
		for (const name of this.announcers.keys()) this.due.add(name);
		this.wait(0);
	}

	/** The session had no room for this topic. */
	full(name: string): void {
		this.due.add(name);
		if (this.due.delete(CLEAN)) this.due.add(CLEAN);
		this.wait(AGAIN);
	}

	close(): void {
		this.timer.clear(this.handle);
		this.handle = undefined;
	}

	private wait(delay: number): void {
		this.handle ??= this.timer.set(() => this.step(), delay);
	}

	private step(): void {
		this.handle = undefined;
		const [name = CLEAN] = this.due;
		this.due.delete(name);
		this.announcers.get(name)?.();
		if (this.due.size) this.wait(0);
	}

	private clean(): void {
		const { publisher } = this;
		if (publisher.retaining && !this.cleanup.clear(name => publisher.clear(name, false))) this.full(CLEAN);
	}
}
