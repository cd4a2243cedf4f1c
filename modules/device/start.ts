/**
 * Makes a board of a host's `device` (ECMA-419 §30), a description, drivers of one's own and the features that the program names:
 * what main.ts and hosts/moddable/board/lean.ts are known for as `glowworm`. A description with mistakes makes no board.
 */

import type { SessionOptions } from "../session/options.js";
import Session from "../session/session.js";
import Board from "./board.js";
import budgetOf, { lack } from "./budget.js";
import { addresses, check, line } from "./description/description.js";
import type { Feature } from "./feature.js";
import type { ActuatorDriver, Device, MQTTDefaults, SensorDriver } from "./io.js";
import { profileOf } from "./profile.js";
import { overlaid } from "./provisioning/check.js";
import { abandon } from "./provisioning/trial.js";
import { openStorage } from "./storage.js";

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
	const { description: own, sensor, actuator, features = [], session } = options;
	// The description as it was written is not kept: it is garbage once the checked one is there.
	const { description: built, ...rest } = device;
	const text = own ? overlaid(own, key => device.overrides?.[key]) : built;
	const host: Device = {
		...rest,
		description: undefined,
		sensor: { ...device.sensor, ...sensor },
		...((device.actuator || actuator) && { actuator: { ...device.actuator, ...actuator } }),
		forms: features,
	};
	const { mqtt, mqtts } = host.network;
	const { description, problems } = check(text, host.sensor, host.actuator, host.forms);
	const found = description && addresses(description, mqtts !== undefined);
	const wrong = found?.problems ?? problems;
	wrong.forEach(problem => host.trace?.(line(problem)));
	if (!description || !found || wrong.length) {
		abandon(host);
		return undefined;
	}
	const aws = profileOf(description) === "aws";
	if (!description.profile && aws) host.trace?.("profile: aws, from the broker's name");
	const { lacking, ...budget } = budgetOf(host.heap, description, features);
	if (lacking) {
		host.trace?.(lack(lacking, description));
		abandon(host);
		return undefined;
	}
	// Without flash alerts are in RAM too.
	const storage = openStorage(host, description, features, budget.queueBytes / 2);
	const queueBytes = budget.queueBytes - storage.ram;
	const brokers = found.addresses.map(address => ({
		...address,
		...(address.secure &&
			mqtts && { client: aws && address.port !== 8883 ? negotiating(mqtts.client) : mqtts.client }),
	}));
	const longestAnswer = budget.longestAnswer;
	// Topics that are published to in turn: of measurements, and two of what happens between.
	const kept = Math.min(description.sensors.length + 2, 32);
	return new Board({
		device: host,
		description,
		storage,
		longestAnswer,
		features,
		connect: (defaults, parts) => {
			const client = { ...mqtt.client, kept };
			// Not a copy: the board's callbacks are methods.
			const all = Object.assign(defaults, budget, { queueBytes, client, brokers }, session);
			const own = parts.find(part => part.connect)?.connect?.(all);
			return own ?? new Session(all);
		},
	});
}

/** At port 443 AWS knows by ALPN that MQTT with a certificate comes. (https://docs.aws.amazon.com/iot/latest/developerguide/protocols.html) */
const negotiating = (client: MQTTDefaults): MQTTDefaults => {
	const { tls } = client.socket as { readonly tls?: object };
	const socket = { ...client.socket, tls: { ...tls, applicationLayerProtocol: "x-amzn-mqtt-ca" } };
	return { ...client, socket };
};
