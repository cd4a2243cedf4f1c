/**
 * The lamp's two actuators: on a Digital output (on or off), and on a PWM output (dimmable), ECMA-419 §10. Others come
 * from the host or the application, as classes of the same shape (`Actuator` in io.ts). They know levels, not messages.
 */

import type { LampDescription } from "../description/description.js";
import type { Actuator, ActuatorDriver, Device, Digital, PinSpecifier, PWM } from "../io.js";

interface PinOptions {
	readonly pin: PinSpecifier;
	readonly activeLow: boolean;
	readonly initialValue: number;
}

interface SwitchOptions extends PinOptions {
	readonly digital: Device["io"]["Digital"];
}

class Switch implements Actuator {
	private output: Digital;

	constructor({ digital, pin, activeLow, initialValue }: SwitchOptions) {
		// An initial value instead of a first write: the pin never shows anything else.
		this.output = new digital({ pin, mode: digital.Output, activeLow, initialValue: initialValue ? 1 : 0 });
	}
	write(level: number): void {
		this.output.write(level ? 1 : 0);
	}
	close(): void {
		this.output.close();
	}
}

interface DimmerOptions extends PinOptions {
	readonly pwm: NonNullable<Device["io"]["PWM"]>;
}

class Dimmer implements Actuator {
	private output: PWM;
	private activeLow: boolean;

	constructor({ pwm, pin, activeLow, initialValue }: DimmerOptions) {
		this.output = new pwm({ pin });
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
	{ io, pin: pins }: Pick<Device, "io" | "pin">,
	lamp: LampDescription,
): ActuatorDriver => {
	const { dimmable, activeLow } = lamp;
	const pin = pinOf(pins, lamp.pin);
	if (dimmable && io.PWM) return { io: Dimmer, dimmable, defaults: { pwm: io.PWM, pin, activeLow } };
	return { io: Switch, dimmable, defaults: { digital: io.Digital, pin, activeLow } };
};

/** A pin by the name the host gives it (§30 `pin`), or as it was written. */
export const pinOf = (pins: Device["pin"], pin: PinSpecifier): PinSpecifier =>
	typeof pin === "string" && Object.hasOwn(pins, pin) ? (pins[pin] as PinSpecifier) : pin;
