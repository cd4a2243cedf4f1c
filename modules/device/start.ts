/**
 * Makes a board of a host's `device` (ECMA-419 §30), a description, drivers of one's own and the features that the program names:
 * what main.ts and hosts/moddable/board/lean.ts are known for as `glowworm`. A description with mistakes makes no board.
 */

import type { SessionOptions } from "../session/options.js";
import Session from "../session/session.js";
import Board, { type Feature } from "./board.js";
import { addresses, profileOf } from "./broker.js";
import budgetOf, { lack, roomFor } from "./budget.js";
import { check, line } from "./description/description.js";
import type { ActuatorDriver, Device, MQTTDefaults, SensorDriver } from "./io.js";
import { openStorage } from "./memory.js";
import { overlaid } from "./provisioning/check.js";
import { abandon } from "./provisioning/trial.js";

export type {
	ActuatorClass,
	ActuatorDriver,
	Analog,
	AnalogClass,
	Device,
	Digital,
	DigitalClass,
	DriverOption,
	PWMClass,
	Sample,
	Sensor,
	SensorClass,
	SensorDriver,
} from "./io.js";
export type { Board, Feature };

/** What a program brings to `board`; the host brings the rest. */
export interface BoardOptions {
	/**
	 * The board description as JSON values (DESCRIPTION.md), where the host's own is not wanted. A broker, id and root
	 * that the host was told (`device.overrides`) take the place of those in it.
	 */
	readonly description?: object;
	/** Sensor drivers beside the host's, by the name that a description gives as `driver`. */
	readonly sensor?: { readonly [driver: string]: SensorDriver };
	/** Actuator drivers beside the host's, by the name that a description gives as `driver`. */
	readonly actuator?: { readonly [driver: string]: ActuatorDriver };
	/** What the board has beside its sensors and outputs; a description that asks for more is refused. */
	readonly features?: readonly Feature[];
	/** Options of the session in place of the usual ones. */
	readonly session?: Partial<SessionOptions>;
}

/**
 * Starts the board: it samples, switches and connects from then on. A description with mistakes is traced, line by line with key,
 * expected and found, and makes no board: then the result is `undefined`. Throws nothing.
 */
export default function board(device: Device, options: BoardOptions = {}): Board | undefined {
	const { features = [], session } = options;
	const { host, description, problems } = read(device, options, features);
	const { mqtt, mqtts } = host.network;
	const found = description && addresses(description, mqtts !== undefined);
	if (!found || found.problems.length)
		return refuse(
			host,
			(found?.problems ?? problems).map(each => line(each)),
		);
	const aws = profileOf(description) === "aws";
	if (!description.profile && aws) host.trace?.("profile: aws, from the broker's name");
	const { lacking, ...budget } = budgetOf(host.heap, description, features);
	if (lacking) return refuse(host, [lack(lacking, description)]);
	// Without flash alerts are in RAM too.
	const storage = openStorage(host, roomFor(description, features), budget.queueBytes / 2);
	const brokers = found.addresses.map(address => ({
		...address,
		...(address.secure &&
			mqtts && { client: aws && address.port !== 8883 ? negotiating(mqtts.client) : mqtts.client }),
	}));
	// Topics that are published to in turn: of measurements, and two of what happens between.
	const kept = Math.min(description.sensors.length + 2, 32);
	const client = { ...mqtt.client, kept };
	const further = { ...budget, queueBytes: budget.queueBytes - storage.ram, client, brokers, ...session };
	return new Board({
		device: host,
		description,
		storage,
		longestAnswer: budget.longestAnswer,
		features,
		connect: (defaults, parts) => {
			// Not a copy: the board's callbacks are methods.
			const all = Object.assign(defaults, further);
			const own = parts.find(part => part.connect)?.connect?.(all);
			return own ?? new Session(all);
		},
	});
}

/**
 * The device as the board sees it, and its description, checked. The one that was written is garbage from then on: a variable of
 * `board` would keep it while the board is made, 4.4 KB with 16 sensors.
 */
const read = (
	device: Device,
	{ description: own, sensor, actuator }: BoardOptions,
	features: readonly Feature[],
) => {
	const { description: built, ...rest } = device;
	const text = own ? overlaid(own, key => device.overrides?.[key]) : built;
	const host: Device = {
		...rest,
		description: undefined,
		sensor: { ...device.sensor, ...sensor },
		...((device.actuator || actuator) && { actuator: { ...device.actuator, ...actuator } }),
		forms: features,
	};
	return { host, ...check(text, host.sensor, host.actuator, host.forms) };
};

/** No board is made; a change of network, broker or identity that was on trial is given up. */
const refuse = (host: Device, why: readonly string[]): undefined => {
	why.forEach(text => host.trace?.(text));
	abandon(host);
	return undefined;
};

/** At port 443 AWS knows by ALPN that MQTT with a certificate comes. (https://docs.aws.amazon.com/iot/latest/developerguide/protocols.html) */
const negotiating = (client: MQTTDefaults): MQTTDefaults => {
	const { tls } = client.socket as { readonly tls?: object };
	const socket = { ...client.socket, tls: { ...tls, applicationLayerProtocol: "x-amzn-mqtt-ca" } };
	return { ...client, socket };
};
