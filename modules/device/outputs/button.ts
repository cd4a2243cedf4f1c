/**
 * A push-button on a Digital input (ECMA-419 §10). Works without any network. Bounces are counted out by ticks: a press
 * counts once, when the input has been quiet before it.
 */

import type { ButtonDescription } from "../description/description.js";
import type { Device, Digital } from "../io.js";
import { pinOf } from "./lamp.js";

export default class Button {
	private input: Digital;
	/** When the input last changed. */
	private changed: number;

	/** Throws what the host's Digital class throws. */
	constructor({ io, pin, clock }: Device, description: ButtonDescription, onPress: () => void) {
		const { Digital } = io;
		const { activeLow, debounce } = description;
		this.changed = (clock.ticks - debounce) | 0;
		this.input = new Digital({
			pin: pinOf(pin, description.pin),
			mode: activeLow ? Digital.InputPullUp : Digital.InputPullDown,
			activeLow,
			edge: Digital.Rising + Digital.Falling,
			onReadable: () => {
				const { ticks } = clock;
				const quiet = (ticks - this.changed) | 0;
				this.changed = ticks;
				// Negative once ticks have gone half round: then nobody has touched it for days.
				if ((quiet < 0 || quiet >= debounce) && this.pressed()) onPress();
			},
		});
	}

	private pressed(): boolean {
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
