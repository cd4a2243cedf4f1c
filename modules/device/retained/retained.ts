/**
 * All that this board retains at its broker: `info`, the state of each output and of each alert. Announces it one topic a
 * turn, because it grows with the description and sampling must not wait for it. The names are noted in memory before
 * anything is retained (cleanup.ts). When it is announced, and when it is taken back, is the board's decision.
 */

import type { Timer, TimerHandle } from "../../mqtt/io.js";
import type Memory from "../memory.js";
import type Output from "../outputs/output.js";
import type Publisher from "../publisher.js";
import type Sensor from "../sensors/sensor.js";
import topics from "../topics.js";
import Cleanup from "./cleanup.js";
import type Info from "./info.js";

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
	private readonly cleanup: Cleanup;
	private readonly steps: readonly (() => void)[];
	private next = 0;
	private handle: TimerHandle | undefined;

	constructor({ base, timer, memory, publisher, info, outputs, sensors, trying }: RetainedOptions) {
		this.timer = timer;
		this.publisher = publisher;
		const names: string[] = [];
		const steps: (() => void)[] = [];
		const add = (name: string, announce: () => void) => {
			names.push(name);
			steps.push(announce);
		};
		add(topics.info, () => publisher.state(topics.info, JSON.stringify(info.values)));
		for (const output of outputs) add(topics.outputState(output.name), () => output.announce());
		for (const { alerts } of sensors)
			for (const alert of alerts) add(topics.alertState(alert.name), () => alert.announce());
		this.cleanup = new Cleanup({ memory, base, names, trying, report: line => publisher.report(line) });
		// Last, for the session's queue may not take it all, and a clearing is tried again.
		steps.push(() => this.clean());
		this.steps = steps;
	}

	/** All that may be at the broker, earlier descriptions included. */
	get names(): readonly string[] {
		return this.cleanup.all;
	}

	/** Publishes all of it, from the first, one a turn; then clears what earlier descriptions have retained. */
	announce(): void {
		this.next = 0;
		this.handle ??= this.timer.set(() => this.step());
	}

	/** All of it was taken back. */
	forget(): void {
		this.cleanup.forget();
	}

	close(): void {
		this.timer.clear(this.handle);
		this.handle = undefined;
	}

	private step(): void {
		this.handle = undefined;
		const next = this.next++;
		if (this.next < this.steps.length) this.handle = this.timer.set(() => this.step());
		this.steps[next]?.();
	}

	private clean(): void {
		if (this.publisher.retaining) this.cleanup.clear(name => this.publisher.clear(name, false));
	}
}
