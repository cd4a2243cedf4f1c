/**
 * The board's own pins: the lamp on a Digital output (on or off) or a PWM output (dimmable), and the push-button on a Digital
 * input (ECMA-419 §10). Other actuators come from the host or the application, as classes of the same shape (`Actuator` in
 * io.ts). They know levels and presses, not messages, and need no network.
 */

import { since } from "../../session/deadline.js";
import type { ButtonDescription, LampDescription } from "../description/description.js";
import type { Actuator, ActuatorDriver, Device, Digital, PinSpecifier, PWM } from "../io.js";

interface LampOptions {
	readonly io: Device["io"];
	readonly pin: PinSpecifier;
	readonly activeLow: boolean;
	readonly initialValue: number;
}

class Switch implements Actuator {
	private readonly output: Digital;

	constructor({ io, pin, activeLow, initialValue }: LampOptions) {
		const { Digital } = io;
		// An initial value instead of a first write: the pin never shows anything else.
		this.output = new Digital({ pin, mode: Digital.Output, activeLow, initialValue: initialValue ? 1 : 0 });
	}
	write(level: number): void {
		this.output.write(level ? 1 : 0);
	}
	close(): void {
		this.output.close();
	}
}

class Dimmer implements Actuator {
	private readonly output: PWM;
	private readonly activeLow: boolean;

	constructor({ io, pin, activeLow, initialValue }: LampOptions) {
		this.output = new (io.PWM as NonNullable<typeof io.PWM>)({ pin });
		this.activeLow = activeLow;
		// A PWM output starts at 0 %.
		if (initialValue || activeLow) this.write(initialValue);
	}
	write(level: number): void {
		const maximum = 2 ** this.output.resolution - 1;
		const duty = Math.round((level * maximum) / 255);
		this.output.write(this.activeLow ? maximum - duty : duty);
	}
	close(): void {
		this.output.close();
	}
}

/** The driver for the description's `lamp`. A host without PWM gets a lamp that is on or off and keeps a brightness. */
export const lampDriver = (
	{ io, pin }: Pick<Device, "io" | "pin">,
	{ dimmable, activeLow, ...lamp }: LampDescription,
): ActuatorDriver => {
	const defaults = { io, pin: pinOf(pin, lamp.pin), activeLow };
	return { io: dimmable && io.PWM ? Dimmer : Switch, dimmable, defaults };
};

/** A press counts once, when the input has been quiet before it: no bounce counts. */
export class Button {
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

/** A pin by the name the host gives it (§30 `pin`), or as it was written. */
const pinOf = (pins: Device["pin"], pin: PinSpecifier): PinSpecifier =>
	typeof pin === "string" && Object.hasOwn(pins, pin) ? (pins[pin] as PinSpecifier) : pin;
