/**
 * The SDK's `timer`, which takes anything for a callback and ends the virtual machine when it is due. On the
 * simulator a one-shot that puts itself to sleep in its own callback is gone afterwards; on the ESP32 it stands.
 */

import SDKTimer from "timer";
import type { Timer, TimerHandle } from "../../modules/mqtt/io.js";

type Callback = () => void;

const sdk = SDKTimer as unknown as Timer;

function checked(callback: unknown): void {
	if (typeof callback !== "function") throw new TypeError("timer: callback must be a function");
}

export const timer: Timer = Object.freeze({
	set(callback: Callback, delay = 0, repeat = 0): TimerHandle {
		checked(callback);
		return sdk.set(callback, delay, repeat);
	},
	repeat(callback: Callback, interval: number): TimerHandle {
		checked(callback);
		return sdk.repeat(callback, interval);
	},
	/** The number of arguments tells sleep from "at once". */
	schedule(handle: TimerHandle, ...when: [delay?: number, repeat?: number]): void {
		sdk.schedule(handle, ...when);
	},
	clear(handle: TimerHandle | undefined): void {
		sdk.clear(handle);
	},
});
