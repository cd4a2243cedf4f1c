/**
 * Says all that this board retains, one thing a turn: what there is to say at each connect grows with the description,
 * and sampling must not wait for it. Each says how things are in its own turn. Does not know what it says, nor when.
 */

import type { Timer, TimerHandle } from "../../mqtt/io.js";

export default class Announcement {
	private readonly timer: Timer;
	private readonly items: readonly (() => void)[];
	private next = 0;
	private handle: TimerHandle | undefined;

	constructor(timer: Timer, items: readonly (() => void)[]) {
		this.timer = timer;
		this.items = items;
	}

	/** From the first, also where one is under way. */
	begin(): void {
		this.next = 0;
		this.handle ??= this.timer.set(() => this.say());
	}

	close(): void {
		this.timer.clear(this.handle);
		this.handle = undefined;
	}

	private say(): void {
		this.handle = undefined;
		const next = this.next++;
		if (this.next < this.items.length) this.handle = this.timer.set(() => this.say());
		this.items[next]?.();
	}
}
