/**
 * Makes a board of a host's `device` (ECMA-419 §30), a description, drivers of one's own and the features that the program names: what
 * main.ts and hosts/moddable/board/lean.ts are known for as `glowworm`. Before there is a board it says what a board of this description
 * takes, and refuses one that has mistakes or does not fit. Of the engine's memory: bytes of a 32-bit chip, measured in the simulator
 * (DESIGN.md, "Memory"; test/sdk/memory.sdk.ts holds them true); of flash: the room of each record that alerts leave free.
 */

import { encode } from "../mqtt/codec.js";
import type { SessionOptions } from "../session/options.js";
import Session from "../session/session.js";
import Board from "./board.js";
import { addresses, brokersOf, profileOf } from "./broker.js";
import { begunRoom } from "./commands/command.js";
import { forgetRoom } from "./commands/decommission.js";
import {
	check,
	type Description,
	faultName,
	line,
	settingsRoom,
	storageFault,
} from "./description/description.js";
import type { Form } from "./description/validate.js";
import type { ActuatorDriver, Device, MQTTDefaults, SensorDriver } from "./io.js";
import type { Part } from "./listener.js";
import { bootRoom, openStorage, type Room } from "./memory.js";
import { roomOf as outputRoom } from "./outputs/newest.js";
import { abandon, overlaid } from "./provisioning/trial.js";
import { roomOf as retainedRoom } from "./retained.js";
import { roomOf as alertRoom } from "./sensors/alert.js";
import { timeRoom } from "./time.js";
import topics from "./topics.js";

export type * from "./io.js";
export type { Board };

/**
 * What a board may be built without: Home Assistant, say. Adds keys to the description, records and bytes to the memory, and parts to the
 * board, whose public fields they use. Only a program's list of features leads to one.
 */
export interface Feature extends Form {
	/** The records that it keeps on a board of this description. */
	rooms(description: Description): readonly Room[];
	/** Bytes of slots and chunks that it takes there. */
	heap(description: Description): number;
	/** Its parts of a board, or none where there is nothing for it to do. */
	make(board: Board): readonly Part[];
}

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
	const wrong = (found ?? { problems }).problems.map(each => line(each));
	if (!found || wrong.length) return refuse(host, wrong);
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
	return { host, ...check(text, host) };
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

/**
 * What a byte of a message costs while it is looked at: the payload, its text, the texts of its values, and up to 6 for the
 * values themselves. An answer is a text, grown by doubling, and its bytes.
 */
const Cost = Object.freeze({ inbound: 9, answer: 3 });

/** A change of network and broker with all its parts; `info` with all its counters; two answers, and a state beside them. */
const Least = Object.freeze({ longestInbound: 320, longestAnswer: 672, queueBytes: 1792 });
const Most = Object.freeze({ longestInbound: 4096, longestAnswer: 15_000, queueBytes: 16_384, window: 20 });

/**
 * What messages may take: options of the session, and of the publisher. `heap`: bytes of slots and chunks that the engine has; none: as
 * many as it wants. `lacking`: bytes that this board lacks; 0 where the description fits.
 */
export const budgetOf = (
	heap: number | undefined,
	description: Description,
	features: readonly Feature[] = [],
) => {
	const topic = encode(topics.base(description.root, description.id) + topics.result).byteLength;
	if (heap === undefined) return { ...Most, replyBytes: Most.longestAnswer + topic, lacking: 0 };
	const { longestInbound, longestAnswer, queueBytes } = Least;
	const least = longestInbound * Cost.inbound + longestAnswer * Cost.answer + queueBytes;
	// Of each alert, for the moment in which all change at once: sixteen have taken 7224 bytes then.
	const edges = 450 * description.alerts.length;
	// 8192 stay free at the worst moment.
	const left = heap - heapOf(description, features) - edges - 8192 - least;
	const more = Math.max(left, 0);
	// A quarter each for messages, their answers, the queue, and for what stays free.
	const queue = Math.min(queueBytes + Math.floor(more / 4), Most.queueBytes);
	const answer = Math.min(longestAnswer + Math.floor(more / 4 / Cost.answer), Most.longestAnswer);
	return {
		longestInbound: Math.min(longestInbound + Math.floor(more / 4 / Cost.inbound), Most.longestInbound),
		longestAnswer: answer,
		replyBytes: answer + topic,
		queueBytes: queue,
		window: Math.min(Math.floor(queue / 256), Most.window),
		lacking: Math.max(-left, 0),
	};
};

/** Why no board can be made of this description. */
export const lack = (lacking: number, { sensors, alerts }: Description): string =>
	`memory: ${sensors.length} sensors and ${alerts.length} alerts need ${lacking} bytes more than there are`;

/**
 * What a board of this description takes by itself: slots and chunks while it is online and idle, alerts of faults included, with the
 * last increments of both (64 slots, 512 bytes).
 */
export const heapOf = (description: Description, features: readonly Feature[] = []): number => {
	const { sensors, alerts, actuators, lamp, broker } = description;
	const outputs = actuators.length + (lamp ? 1 : 0);
	const secure = brokersOf(broker).some(address => address.startsWith("mqtts:"));
	const board = 33_700 + 1110 * sensors.length + 300 * alerts.length + 1500 * outputs + (secure ? 4000 : 0);
	return features.reduce((sum, feature) => sum + feature.heap(description), board);
};

/** By key, the bytes of the longest record that a board of this description keeps. */
export const roomFor = (
	description: Description,
	features: readonly Feature[] = [],
): ReadonlyMap<string, number> => {
	const { sensors, alerts, actuators, lamp } = description;
	const base = topics.base(description.root, description.id);
	// At once into the map: a list of a hundred pairs takes 5 KB more while the board is made.
	const rooms = new Map([bootRoom, timeRoom, begunRoom, forgetRoom, settingsRoom]);
	const add = (room: Room) => rooms.set(room[0], room[1]);
	const retained = (name: string) => add(retainedRoom(base, name));
	const addOutput = (name: string) => {
		add(outputRoom(name));
		retained(topics.outputState(name));
	};
	const addAlert = (name: string) => {
		add(alertRoom(name));
		retained(topics.alertState(name));
	};
	retained(topics.info);
	actuators.forEach(actuator => addOutput(actuator.name));
	if (lamp) addOutput("lamp");
	alerts.forEach(alert => addAlert(alert.name));
	sensors.forEach(sensor => addAlert(faultName(sensor.name)));
	addAlert(storageFault);
	features.forEach(feature => feature.rooms(description).forEach(add));
	return rooms;
};
