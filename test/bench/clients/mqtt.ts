/**
 * The SDK's modules/network/mqtt/mqtt.js. It predates ECMA-419: it hands each message over whole, in a new buffer and
 * from a timer, sends no PUBACK, and publishes only whole messages.
 */

// @ts-expect-error: in the installed SDK
import Client from "sdk-mqtt";
import { clock } from "../clock.js";
import * as scene from "../scene.js";
import type { Net } from "../socket.js";
import { BenchSocket } from "../socket.js";
import { install } from "../stubs/xs.js";

install();

interface MQTT {
	onReady: () => void;
	onMessage: (topic: string, payload: ArrayBuffer) => void;
	publish(topic: string, payload: ArrayBuffer, flags?: object): void;
	close(immediate: boolean): void;
}

type Callback = (state: number, message?: unknown) => void;

const payload = scene.payload.buffer;
const buffer = new Uint8Array(1_536);
const Word = Object.freeze({ connected: 1, readable: 2 });

/** The socket of the SDK's older network API, over the other one. */
class OldSocket extends BenchSocket {
	callback: Callback = () => {};
	constructor(net: Net) {
		super({ address: "", port: 1883, net, onReadable: () => this.callback(Word.readable) });
	}
	override read(): unknown {
		return super.read();
	}
}

function connected(net: Net, timeout = 0): MQTT {
	const made = class {
		constructor() {
			// biome-ignore lint/correctness/noConstructorReturn: the client makes its socket with `new`
			return new OldSocket(net);
		}
	};
	const client: MQTT = new Client({ host: scene.HOST, id: scene.ID, timeout, Socket: made });
	client.onReady = () => {};
	client.onMessage = (_topic, message) => {
		if (message.byteLength <= buffer.byteLength) buffer.set(new Uint8Array(message));
	};
	callback(net)(Word.connected);
	net.load(scene.connack);
	callback(net)(Word.readable);
	clock.flush();
	return client;
}

function callback(net: Net): Callback {
	return (net.socket as OldSocket).callback;
}

function ear(net: Net): scene.Ear {
	connected(net);
	return { hear: callback(net), word: Word.readable, late: true };
}

export const { list, scenario, writes } = scene.stage({
	publish0(net) {
		const client = connected(net);
		return () => {
			client.publish(scene.TOPIC, payload);
		};
	},
	"publish0-alternating"(net) {
		const client = connected(net);
		let round = 0;
		return () => {
			client.publish(round++ & 1 ? scene.OTHER : scene.TOPIC, payload);
		};
	},
	"publish0-vary"(net) {
		const client = connected(net);
		const all = scene.varying.map(body => body.slice().buffer as ArrayBuffer);
		let round = 0;
		return () => {
			client.publish(scene.TOPIC, all[round++ & 3] as ArrayBuffer);
		};
	},
	"publish0-topics8"(net) {
		const client = connected(net);
		let round = 0;
		return () => {
			client.publish(scene.TOPICS[round++ & 7] as string, payload);
		};
	},
	publish1(net) {
		const client = connected(net);
		const flags = { quality: 1 };
		const hear = callback(net);
		net.load(scene.acknowledgement);
		return () => {
			client.publish(scene.TOPIC, payload, flags);
			net.offset = 0;
			hear(Word.readable);
		};
	},
	receive0: net => scene.arrival(net, scene.message0, ear(net)),
	receive1: net => scene.arrival(net, scene.message1, ear(net)),
	segment10: net => scene.arrival(net, scene.ten, ear(net)),
	out16k(net) {
		const client = connected(net);
		const { buffer: large } = scene.large;
		return () => {
			client.publish(scene.TOPIC, large);
		};
	},
	in16k: net => scene.flood(net, ear(net)),
	dribble: net => scene.dribble(net, ear(net)),
	idle(net) {
		connected(net, scene.KEEP_ALIVE);
		return scene.minute(net, { hear: callback(net), word: Word.readable });
	},
	connect: net => () => connected(net, scene.KEEP_ALIVE).close(true),
});
