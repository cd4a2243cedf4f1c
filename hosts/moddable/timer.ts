/**
 * The SDK's `timer`, which takes anything for a callback and ends the virtual machine when it is due. On the
 * simulator a one-shot that puts itself to sleep in its own callback is gone afterwards; on the ESP32 it stands. And one that was to
 * fire at once and then each millisecond does so for ever there, asleep or not, and starves the window: it fires after a millisecond.
 */

import SDKTimer from "timer";
import type { Timer, TimerHandle } from "../../modules/mqtt/io.js";

type Callback = (handle: TimerHandle) => void;

const sdk = SDKTimer as unknown as Timer;

const checked = (callback: unknown): void => {
	if (typeof callback !== "function") throw new TypeError("timer: callback must be a function");
};

const first = (delay: number, repeat: number): number => (delay === 0 && repeat === 1 ? 1 : delay);

export const timer: Timer = Object.freeze({
	set(callback: Callback, delay = 0, repeat = 0): TimerHandle {
		checked(callback);
		return sdk.set(callback, first(delay, repeat), repeat);
	},
	repeat(callback: Callback, interval: number): TimerHandle {
		checked(callback);
		return sdk.repeat(callback, interval);
	},
	/** The number of arguments tells sleep from "at once". */
	schedule(handle: TimerHandle, ...when: [delay?: number, repeat?: number]): void {
		const [delay = 0, repeat = 0] = when;
		if (when.length === 0) sdk.schedule(handle);
		else sdk.schedule(handle, first(delay, repeat), repeat);
	},
	clear(handle: TimerHandle | undefined): void {
		sdk.clear(handle);
	},
});
