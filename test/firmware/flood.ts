/**
 * A board, the real client and a network in memory, for the XS engine: a broker hands over commands that it kept, and
 * acknowledges the answers or, as those acknowledgements are behind the commands, does not. Run by memory.test.ts.
 */

import { board } from "../../main.js";
import type { Device } from "../../modules/device/io.js";
import MQTTClient from "../../modules/mqtt/client.js";
import { TestClock } from "../clock.js";
import { Wire } from "../wire.js";

export { fill, litter } from "../bench/clients/ram.js";

/** As lwIP gives the simulator; an ESP32 takes more. */
const ROOM = 1536;

const clock = new TestClock();
const wire = new Wire(ROOM);
const records = new Map<string, string>();
const domain = {
	read: (key: string) => records.get(key),
	write: (key: string, value: string) => void records.set(key, value),
	delete: (key: string) => void records.delete(key),
	close: () => {},
	[Symbol.iterator]: () => records.keys(),
};
class Steady {
	sample = () => ({ value: 21 });
	close = () => {};
}
let answers = 0;

export const description = {
	root: "t",
	id: "flood",
	broker: "mqtt://broker",
	sensors: [
		{ name: "chip", driver: "steady", every: 60_000 },
		{ name: "signal", driver: "steady", every: 60_000 },
	],
	alerts: [{ name: "overheat", sensor: "chip", above: 70 }],
};

/** One board, with the memory of an ESP32 or as much as it wants. */
export function start(heap?: number): void {
	const device = {
		name: "flood",
		io: { Digital: class {} },
		pin: {},
		sensor: { steady: { io: Steady, quantity: "value" } },
		network: {
			mqtt: { client: { io: MQTTClient, socket: wire.socket, dns: wire.dns, timer: clock, ticks: clock } },
		},
		keyValue: { open: () => domain },
		timer: clock,
		clock,
		description,
		reset: "power-on",
		...(heap !== undefined && { heap }),
	};
	if (!board(device as unknown as Device)) throw new Error("no board");
}

/** The board is online, and all that it said is acknowledged. */
export function connect(): void {
	while (wire.resolutions.length === 0) clock.advance(10);
	wire.resolve();
	wire.line.connect();
	for (let turn = 0; turn < 20; turn++) step(true);
}

/** So many commands, twenty at a time, as brokers have so many in flight. Returns how many were answered. */
export function flood(commands: number, text: string, acknowledging: boolean): number {
	answers = 0;
	for (let sent = 0, id = 1; sent < commands; id = (id % 20) + 1, sent++) {
		wire.line.send(publish("t/flood/cmd", text, id));
		if (id === 20) for (let turn = 0; turn < 40; turn++) step(acknowledging);
	}
	for (let turn = 0; turn < 40; turn++) step(acknowledging);
	return answers;
}

/** The network takes what was written, and the broker answers it. */
function step(acknowledging: boolean): void {
	const { line } = wire;
	const writes = line.writes.splice(0);
	for (const { bytes } of writes) {
		const first = bytes[0] as number;
		if (first === 0x10) line.send([0x20, 2, 0, 0]);
		else if (first === 0x82) line.send(granted(bytes));
		else if ((first & 0xf0) === 0x30) published(bytes, acknowledging);
	}
	line.drain(ROOM - line.room);
	clock.advance(15);
}

/** SUBACK, with a code for each filter. */
function granted(bytes: Uint8Array): number[] {
	const codes: number[] = [];
	for (let at = 4; at < bytes.length; at += 3 + ((bytes[at] as number) << 8) + (bytes[at + 1] as number))
		codes.push(1);
	return [0x90, 2 + codes.length, bytes[2] as number, bytes[3] as number, ...codes];
}

/** The header may come by itself; the topic is in it. */
function published(bytes: Uint8Array, acknowledging: boolean): void {
	let at = 1;
	while ((bytes[at++] as number) & 0x80);
	const length = ((bytes[at] as number) << 8) | (bytes[at + 1] as number);
	const id = at + 2 + length;
	// "…/result"
	if (bytes[id - 1] === 116 && bytes[id - 2] === 108) answers++;
	if (acknowledging && (bytes[0] as number) & 6)
		wire.line.send([0x40, 2, bytes[id] as number, bytes[id + 1] as number]);
}

function publish(topic: string, text: string, id: number): number[] {
	const codes = (ascii: string) => Array.from(ascii, character => character.charCodeAt(0));
	const length = 2 + topic.length + 2 + text.length;
	const lengths = length < 128 ? [length] : [(length & 127) | 128, length >> 7];
	return [0x32, ...lengths, 0, topic.length, ...codes(topic), 0, id, ...codes(text)];
}
