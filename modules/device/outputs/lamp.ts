/**
 * The lamp's two actuators: on a Digital output (on or off), and on a PWM output (dimmable), ECMA-419 §10. Others come
 * from the host or the application, as classes of the same shape (`Actuator` in io.ts). They know levels, not messages.
 */

import type { LampDescription } from "../description/description.js";
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

/** A pin by the name the host gives it (§30 `pin`), or as it was written. */
export const pinOf = (pins: Device["pin"], pin: PinSpecifier): PinSpecifier =>
	typeof pin === "string" && Object.hasOwn(pins, pin) ? (pins[pin] as PinSpecifier) : pin;
