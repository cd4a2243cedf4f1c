/**
 * The served device, as the worker needs it: what it consists of, and its classes by name. A class's own defaults
 * (`socket: {io, …}`, a driver's `defaults`) stay on this side, where what is in them is real.
 */

import type { Device, PinSpecifier } from "../../modules/device/io.js";
import type { With } from "../../modules/mqtt/io.js";
import type { Shape } from "./channel.js";

type Properties = { readonly [property: string]: unknown };

const MODES = ["Input", "InputPullUp", "InputPullDown", "InputPullUpDown", "Output", "OutputOpenDrain"];

/** What goes to the worker at boot. */
export function shape(device: Device, name = device.name): Shape {
	const { io, network } = device;
	return {
		name,
		reset: device.reset,
		description: device.description,
		overrides: device.overrides ?? {},
		synchronized: device.clock.synchronized,
		pin: device.pin as { readonly [name: string]: PinSpecifier },
		modes: MODES.filter(mode => io.Digital[mode as "Input"] !== undefined),
		edges: { Rising: io.Digital.Rising, Falling: io.Digital.Falling },
		sensor: described(device.sensor),
		...(device.actuator && { actuator: described(device.actuator) }),
		mqtts: network.mqtts !== undefined,
		ntp: network.ntp !== undefined,
		pwm: io.PWM !== undefined,
		analog: io.Analog !== undefined,
		flash: device.flash !== undefined,
		request: io.CertificateRequest !== undefined,
		provision: device.provision !== undefined,
		...(device.serial !== undefined && { serial: device.serial }),
		trace: device.trace !== undefined,
		restart: device.restart !== undefined,
	};
}

/** An instance of the class that the worker calls `kind`; throws what its constructor throws. */
export function make(device: Device, kind: string, options: unknown): object {
	const { network, io, sensor, actuator, keyValue, flash } = device;
	const [first, second = ""] = kind.split(" ");
	if (first === "mqtt" && second === "socket") return built(network.mqtt.client.socket, options);
	if (first === "mqtt" && second === "dns") return built(network.mqtt.client.dns, options);
	if (first === "mqtts" && second === "socket") return built(network.mqtts?.client.socket, options);
	if (first === "mqtts" && second === "dns") return built(network.mqtts?.client.dns, options);
	if (first === "ntp") return built(network.ntp?.client, options);
	if (first === "digital") return built({ io: io.Digital }, moded(io.Digital, options));
	if (first === "pwm") return built(io.PWM && { io: io.PWM }, options);
	if (first === "analog") return built(io.Analog && { io: io.Analog }, options);
	if (first === "request") return built(io.CertificateRequest && { io: io.CertificateRequest }, options);
	if (first === "provision" && device.provision) return device.provision;
	if (first === "keyValue") return keyValue.open(options as never);
	if (first === "flash" && flash) return flash.open(options as never);
	const driver = (first === "sensor" ? sensor : actuator)?.[kind.slice(`${first} `.length)];
	return built(driver && { ...driver.defaults, io: driver.io }, options);
}

function built(pattern: With<new (options: never) => object> | undefined, options: unknown): object {
	if (!pattern) throw new Error("this host has no such class");
	const { io: Class, ...defaults } = pattern;
	// What is no object goes in as it is: the class has its own word for that.
	if (typeof options !== "object" || options === null) return new Class(options as never);
	return new Class({ ...defaults, ...options } as never);
}

// The worker has names where the class has values of its own.
function moded(statics: object, options: unknown): unknown {
	const { mode } = (options ?? {}) as { mode?: unknown };
	if (!MODES.includes(mode as string)) return options;
	return { ...(options as object), mode: (statics as Properties)[mode as string] };
}

function described(drivers: { readonly [driver: string]: object }): Shape["sensor"] {
	const all: { [driver: string]: Properties } = {};
	for (const [name, driver] of Object.entries(drivers)) {
		const { io: _io, defaults: _defaults, ...rest } = driver as Properties;
		all[name] = rest;
	}
	return all;
}
