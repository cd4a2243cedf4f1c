/** modules/mqtt, with an application that reads each message into a buffer of its own, within `onReadable`. */

import MQTTClient from "../../../modules/mqtt/client.js";
import type { Timer } from "../../../modules/mqtt/io.js";
import { clock } from "../clock.js";
import * as scene from "../scene.js";
import { BenchResolver, Net, Segment, Socket } from "../socket.js";

const buffer = new Uint8Array(1_536);
const timer = clock as unknown as Timer;

function connected(net: Net, keepAlive = 0, kept = 8): MQTTClient {
	const client = new MQTTClient({
		socket: { io: Socket, net } as never,
		dns: { io: BenchResolver, net } as never,
		timer,
		host: scene.HOST,
		id: scene.ID,
		keepAlive,
		kept,
		onReadable() {
			client.read(buffer);
		},
	});
	net.resolved();
	net.socket.onWritable(net.room);
	net.arrive(scene.connack);
	return client;
}

function ear(net: Net): scene.Ear {
	connected(net);
	return { hear: net.socket.onReadable };
}

/** As `publish1`, but the client chooses the packet identifiers. */
export function unidentified(): () => void {
	const net = new Net();
	const client = connected(net);
	const options = { topic: scene.TOPIC, QoS: 1 };
	const { payload } = scene;
	const ack = new Segment(Uint8Array.of(0x40, 2, 0, 0));
	const hear = net.socket.onReadable;
	net.load(ack);
	const view = new DataView(ack.bytes.buffer as ArrayBuffer);
	let last = 0;
	return () => {
		client.write(payload, options);
		view.setUint16(2, ++last);
		net.offset = 0;
		hear(4);
	};
}

const held: MQTTClient[] = [];

/** Keeps so many connected idle clients alive, each with its network. */
export function hold(count: number): void {
	while (held.length < count) held.push(connected(new Net(), scene.KEEP_ALIVE));
}

const names = Array.from({ length: 17 }, (_, i) => `factory/1/machine/2/measurement${10 + i}`);
const publisher: MQTTClient[] = [];

/** Publishes on the first so many of these topics, and keeps them all. */
export function topics(count: number): void {
	publisher[0] ??= connected(new Net(), 0, 64);
	for (let i = 0; i < count; i++) publisher[0].write(scene.payload, { topic: names[i] as string });
}

export const { list, scenario, writes } = scene.stage({
	...scene.publishing(connected),
	receive0: net => scene.arrival(net, scene.message0, ear(net)),
	receive1: net => scene.arrival(net, scene.message1, ear(net)),
	segment10: net => scene.arrival(net, scene.ten, ear(net)),
	out16k(net) {
		const client = connected(net);
		const options = { topic: scene.TOPIC, byteLength: scene.large.byteLength };
		const { fragments } = scene;
		return () => {
			client.write(fragments[0], options);
			client.write(fragments[1]);
			client.write(fragments[2]);
			clock.flush();
		};
	},
	in16k: net => scene.flood(net, ear(net)),
	dribble: net => scene.dribble(net, ear(net)),
	idle(net) {
		connected(net, scene.KEEP_ALIVE);
		return scene.minute(net, { hear: net.socket.onReadable });
	},
	connect: net => () => connected(net, scene.KEEP_ALIVE).close(),
});
