/**
 * A broker's limit on publishes a second: credit that comes with time, looked at only when it is used up. QoS 0 leaves a
 * part of it alone, so that alerts and the status go before measurements that wait; states and answers are in one queue with
 * those, behind them. No second has more messages than the limit, also after a pause: credit that was saved up, and credit
 * that this second earns, are the limit together.
 */

import type { Ticks, Timer } from "../mqtt/io.js";
import { Deadline, since } from "./deadline.js";

/** Credit that is saved at most. */
const saved = (rate: number): number => (rate < 30 ? 2 : Math.floor(rate / 15));
/** Milliseconds for one message, of a limit of `rate` a second. */
export const intervalOf = (rate: number): number => Math.ceil(1000 / (rate - 2 * saved(rate)));

export class Pace {
	private left: number;
	/** Below half of it QoS 0 waits. */
	private readonly most: number;
	/** Milliseconds for one message. */
	private readonly interval: number;
	private readonly ticks: Ticks;
	/** Ticks until which time is counted in `left`. */
	private counted: number;
	private readonly again: Deadline;

	/** `rate`: messages a second, 5 or more. `earned`, of `owner`: there is credit again for what had to wait. */
	constructor(rate: number, ticks: Ticks, timer: Timer, owner: object, earned: () => void) {
		this.left = this.most = saved(rate);
		this.interval = intervalOf(rate);
		this.ticks = ticks;
		this.counted = ticks.ticks;
		this.again = new Deadline(timer, owner, earned);
	}
	/** A message of this QoS may go, and counts. If not, `earned` is called. */
	takes(QoS: number): boolean {
		const least = QoS === 0 ? this.most >> 1 : 0;
		if (this.left <= least && !this.earn(least)) return false;
		this.left--;
		return true;
	}
	close(): void {
		this.again.close();
	}
	private earn(least: number): boolean {
		const passed = since(this.ticks.ticks, this.counted);
		const earned = Math.floor(passed / this.interval);
		const full = this.left + earned >= this.most;
		this.left = full ? this.most : this.left + earned;
		if (earned > 0) this.counted = (this.counted + (full ? passed : earned * this.interval)) | 0;
		if (this.left > least) return true;
		if (!this.again.standing) this.again.set(this.interval);
		return false;
	}
}
