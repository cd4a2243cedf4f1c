/** The SDK's examples/io/tcp/mqttclient/mqttclient.js, with the application of glowworm.ts. */

// @ts-expect-error: in the installed SDK
import Client from "sdk-mqttclient";
import * as scene from "../scene.js";
import { BenchSocket, type Net } from "../socket.js";
import { install } from "../stubs/xs.js";

install();

/** What is used of ECMA-419 §25. */
interface MQTTClient {
	read(buffer: Uint8Array): number;
	write(data: Uint8Array | undefined, options?: object): number;
	close(): void;
}

const buffer = new Uint8Array(1_536);

/** This client wants the answer through its options, not a callback. */
class Resolver {
	readonly #net: Net;
	constructor({ net }: { net: Net }) {
		this.#net = net;
	}
	resolve({ host, onResolved }: { host: string; onResolved: (host: string, address: string) => void }): void {
		this.#net.resolved = () => onResolved(host, "127.0.0.1");
	}
}

function connected(net: Net, keepAlive = 0): MQTTClient {
	const client: MQTTClient = new Client({
		socket: { io: BenchSocket, net },
		dns: { io: Resolver, net },
		host: scene.HOST,
		id: scene.ID,
		keepAlive,
		onReadable() {
			client.read(buffer);
		},
	});
	net.resolved();
	net.socket.onWritable(net.room);
	net.arrive(scene.connack);
	return client;
}

/** `late`: an acknowledgement, or the rest of a segment, waits for a timer. */
function ear(net: Net, late = false): scene.Ear {
	connected(net);
	return { hear: net.socket.onReadable, late };
}

export const { list, scenario, writes } = scene.stage({
	...scene.publishing(connected),
	receive0: net => scene.arrival(net, scene.message0, ear(net)),
	receive1: net => scene.arrival(net, scene.message1, ear(net, true)),
	segment10: net => scene.arrival(net, scene.ten, ear(net, true)),
	out16k(net) {
		const client = connected(net);
		const options = { topic: scene.TOPIC, byteLength: scene.large.byteLength };
		const { fragments } = scene;
		return () => {
			client.write(fragments[0] as Uint8Array, options);
			client.write(fragments[1] as Uint8Array);
			client.write(fragments[2] as Uint8Array);
		};
	},
	in16k: net => scene.flood(net, ear(net, true)),
	dribble: net => scene.dribble(net, ear(net)),
	idle(net) {
		connected(net, scene.KEEP_ALIVE);
		return scene.minute(net, { hear: net.socket.onReadable });
	},
	connect: net => () => connected(net, scene.KEEP_ALIVE).close(),
});
