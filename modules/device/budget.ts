/**
 * What a board of this description takes. Of the engine's memory: by itself, what stays free, and what is left for messages, in
 * bytes of a 32-bit chip, measured in the simulator (DESIGN.md, "Memory"; test/sdk/memory.sdk.ts holds them true); where the
 * host names no limit, budgets are those of a computer. Of flash: the room of each record that alerts leave free; its owner says
 * how much, and the list of owners is here. Decides nothing at run time.
 */

import { encode } from "../mqtt/codec.js";
import type { Feature } from "./board.js";
import { begunRoom } from "./commands/command.js";
import { forgetRoom } from "./commands/decommission.js";
import { type Description, faultName, storageFault } from "./description/description.js";
import { settingsRoom } from "./description/settings.js";
import { bootRoom, type Room } from "./memory.js";
import { roomOf as outputRoom } from "./outputs/newest.js";
import { roomOf as retainedRoom } from "./retained.js";
import { roomOf as alertRoom } from "./sensors/alert.js";
import { timeRoom } from "./time.js";
import topics from "./topics.js";

export interface Budget {
	/** Of messages in RAM: those that wait, and those in flight. */
	readonly queueBytes: number;
	/** QoS 1 messages in flight. */
	readonly window: number;
	/** Of the payload of a message that is read. */
	readonly longestInbound: number;
	readonly longestAnswer: number;
	/** Of topic and payload of what a message brings about: an answer, or a state and a short answer. */
	readonly replyBytes: number;
	/** What this board lacks; 0 where the description fits. */
	readonly lacking: number;
}

/**
 * What a byte of a message costs while it is looked at: the payload, its text, the texts of its values, and up to 6 for the
 * values themselves. An answer is a text, grown by doubling, and its bytes.
 */
const Cost = Object.freeze({ inbound: 9, answer: 3 });

/** A change of network and broker with all its parts; `info` with all its counters; two answers, and a state beside them. */
const Least = Object.freeze({ longestInbound: 320, longestAnswer: 672, queueBytes: 1792 });
const Most = Object.freeze({ longestInbound: 4096, longestAnswer: 15_000, queueBytes: 16_384, window: 20 });

/** `heap`: bytes of slots and chunks that the engine has; none: as many as it wants. */
export default function budget(
	heap: number | undefined,
	description: Description,
	features: readonly Feature[] = [],
): Budget {
	const topic = encode(topics.base(description.root, description.id) + topics.result).byteLength;
	if (heap === undefined) return { ...Most, replyBytes: Most.longestAnswer + topic, lacking: 0 };
	const { longestInbound, longestAnswer, queueBytes } = Least;
	const least = longestInbound * Cost.inbound + longestAnswer * Cost.answer + queueBytes;
	// Of each alert, for the moment in which all change at once: sixteen have taken 7224 bytes then.
	const edges = 450 * description.alerts.length;
	// 8192 stay free at the worst moment.
	const left = heap - own(description, features) - edges - 8192 - least;
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
}

/** Why no board can be made of this description. */
export const lack = (lacking: number, { sensors, alerts }: Description): string =>
	`memory: ${sensors.length} sensors and ${alerts.length} alerts need ${lacking} bytes more than there are`;

/**
 * What a board of this description takes by itself: slots and chunks while it is online and idle, alerts of faults included, with the
 * last increments of both (64 slots, 512 bytes).
 */
export const own = (description: Description, features: readonly Feature[] = []): number => {
	const { sensors, alerts, actuators, lamp, broker = "" } = description;
	const outputs = actuators.length + (lamp ? 1 : 0);
	const secure = (typeof broker === "string" ? [broker] : broker).some(address =>
		address.startsWith("mqtts:"),
	);
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
