/**
 * A push-button on a Digital input (ECMA-419 §10). Works without any network. Does not count bounces: a press counts
 * once, when the input has been quiet before it.
 */

import { since } from "../../session/deadline.js";
import type { ButtonDescription } from "../description/description.js";
import type { Device, Digital } from "../io.js";
import { pinOf } from "./lamp.js";

export default class Button {
	private readonly input: Digital;
	/** Ticks at which the input last changed. */
	private changed: number | undefined;

	/** Throws what the host's Digital class throws. */
	constructor({ io, pin, clock }: Device, description: ButtonDescription, onPress: () => void) {
		const { Digital } = io;
		const { activeLow, debounce } = description;
		this.input = new Digital({
			pin: pinOf(pin, description.pin),
			mode: activeLow ? Digital.InputPullUp : Digital.InputPullDown,
			activeLow,
			edge: Digital.Rising + Digital.Falling,
			onReadable: () => {
				const ticks = clock.ticks;
				const quiet = this.changed === undefined || since(ticks, this.changed) >= debounce;
				this.changed = ticks;
				if (quiet && this.pressed) onPress();
			},
		});
	}

	get pressed(): boolean {
		try {
			return this.input.read() === 1;
		} catch {
			return false; // an exception that left this callback would end the virtual machine
		}
	}

	close(): void {
		this.input.close();
	}
}
