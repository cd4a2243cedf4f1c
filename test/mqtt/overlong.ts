/** A client that messages on overlong topics come to, for the XS engine: overlong.test.ts runs it through hosts/xs/harness. */

import MQTTClient from "../../modules/mqtt/client.js";
import type { Timer } from "../../modules/mqtt/io.js";
import { clock } from "../bench/clock.js";
import { connack } from "../bench/scene.js";
import { BenchResolver, Net, Segment, Socket } from "../bench/socket.js";

let count = 0;

/** A PUBLISH at QoS 1 with a topic of so many bytes, and no payload, that comes whenever the result is called. */
export function receive(length: number): () => void {
	const net = new Net();
	new MQTTClient({
		socket: { io: Socket, net } as never,
		dns: { io: BenchResolver, net } as never,
		timer: clock as unknown as Timer,
		host: "broker.example",
		onControl(operation) {
			if (operation === MQTTClient.PUBLISH) count++;
		},
	});
	net.resolved();
	net.socket.onWritable(net.room);
	net.arrive(connack);
	const size = length + 4;
	const head = [0x32, (size & 127) | 128, ((size >> 7) & 127) | 128, size >> 14, length >> 8, length & 255];
	const bytes = new Uint8Array(head.length + length + 2).fill(0x74);
	bytes.set(head);
	bytes.set([0, 7], head.length + length);
	const segment = new Segment(bytes);
	return () => net.arrive(segment);
}

/** How many were told. */
export const told = () => count;

const again = receive(65_535);

export function repeat(times: number): void {
	for (let i = 0; i < times; i++) again();
}
