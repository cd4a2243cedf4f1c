/**
 * What is on a board's own pins (ECMA-419 §10): the lamp, as an actuator on a Digital output (on or off) or on a PWM output (dimmable), and
 * the push-button on a Digital input, which works without any network. Other actuators come from the host or the application, as classes
 * of the same shape (`Actuator` in io.ts). They know levels, not messages.
 */

import type { TimerHandle } from "../../mqtt/io.js";
import { since } from "../../session/deadline.js";
import type { ButtonDescription, LampDescription, Settings } from "../description/description.js";
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

/** Held at power-on, in ms. (GPIO 0 of an ESP32 must be up while the chip starts, so it may be pressed a little later.) */
const Hold = Object.freeze({ look: 250, begin: 3000, least: 5000, most: 30_000 });

/** A press counts once, when the input has been quiet before it: bounces do not count. */
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

/**
 * A button that is held at power-on takes the board back to what was built in: the way out when it can no longer be commanded.
 * It must be down within three seconds, and be released after 5 to 30: one that is stuck restores nothing. Deletes the stored
 * network, broker and identity, and the settings changed by `cmd config`; only after a start by power or reset pin.
 */
export class Restore {
	private readonly device: Device;
	private readonly settings: Settings;
	private readonly restart: () => boolean;
	private readonly handle: TimerHandle | undefined;
	/** Milliseconds since the start; those of them for which the button has been down without a break. */
	private passed = 0;
	private held = 0;

	constructor(device: Device, button: Pick<Button, "pressed">, settings: Settings, restart: () => boolean) {
		this.device = device;
		this.settings = settings;
		this.restart = restart;
		if (device.reset === "power-on" || device.reset === "external")
			this.handle = device.timer.repeat(() => this.look(button.pressed), Hold.look);
	}

	close(): void {
		this.device.timer.clear(this.handle);
	}

	private look(pressed: boolean): void {
		this.passed += Hold.look;
		const { held, passed } = this;
		this.held = pressed ? held + Hold.look : 0;
		const released = !pressed && held >= Hold.least;
		if (released || held > Hold.most || (!pressed && passed >= Hold.begin)) this.close();
		if (released) this.restore();
	}

	private restore(): void {
		const { provision, trace } = this.device;
		this.settings.restore();
		const restored = provision?.restore() ?? true;
		trace?.(`restore: ${restored ? "back to what was built in" : "could not be stored"}`);
		if (restored && !this.restart()) trace?.("restore: holds from the next start on");
	}
}
