/** npm's u8-mqtt-packet: a codec, not a client. Packets to bytes and back and nothing else, as an application would have it do. */

// @ts-expect-error: the package has no types
import { mqtt_pkt_ctx } from "u8-mqtt-packet/esm/codec_bind.js";
// @ts-expect-error: the package has no types
import mqtt_opts_v4 from "u8-mqtt-packet/esm/codec_v4_lean.js";
import { clock } from "../clock.js";
import * as scene from "../scene.js";
import { BenchSocket, type Net } from "../socket.js";

interface Codec {
	encode_pkt(type: string, packet: object): Uint8Array;
	mqtt_stream(): { decode(bytes: Uint8Array): unknown[] };
}

const codec: Codec = mqtt_pkt_ctx(4, mqtt_opts_v4, {});
const { payload } = scene;

function connected(net: Net, acknowledge = false): BenchSocket {
	const stream = codec.mqtt_stream();
	const socket: BenchSocket = new BenchSocket({
		address: "",
		port: 1883,
		net,
		onReadable() {
			// A buffer of its own, for the packets stay views of it.
			stream.decode(new Uint8Array(socket.read() as ArrayBuffer));
			if (acknowledge) socket.write(codec.encode_pkt("puback", { pkt_id: 9 }));
		},
	});
	return socket;
}

function ear(net: Net, acknowledge = false): scene.Ear {
	return { hear: connected(net, acknowledge).onReadable };
}

export const { list, scenario, writes } = scene.stage({
	publish0(net) {
		const socket = connected(net);
		return () => {
			socket.write(codec.encode_pkt("publish", { topic: scene.TOPIC, payload }));
		};
	},
	"publish0-alternating"(net) {
		const socket = connected(net);
		let round = 0;
		return () => {
			const topic = round++ & 1 ? scene.OTHER : scene.TOPIC;
			socket.write(codec.encode_pkt("publish", { topic, payload }));
		};
	},
	"publish0-vary"(net) {
		const socket = connected(net);
		let round = 0;
		return () => {
			const payload = scene.varying[round++ & 3];
			socket.write(codec.encode_pkt("publish", { topic: scene.TOPIC, payload }));
		};
	},
	"publish0-topics8"(net) {
		const socket = connected(net);
		let round = 0;
		return () => {
			socket.write(codec.encode_pkt("publish", { topic: scene.TOPICS[round++ & 7], payload }));
		};
	},
	publish1(net) {
		const socket = connected(net);
		const hear = socket.onReadable;
		net.load(scene.acknowledgement);
		return () => {
			socket.write(codec.encode_pkt("publish", { topic: scene.TOPIC, payload, qos: 1, pkt_id: 9 }));
			net.offset = 0;
			hear(4);
		};
	},
	receive0: net => scene.arrival(net, scene.message0, ear(net)),
	receive1: net => scene.arrival(net, scene.message1, ear(net, true)),
	segment10: net => scene.arrival(net, scene.ten, ear(net)),
	out16k(net) {
		const socket = connected(net);
		return () => {
			socket.write(codec.encode_pkt("publish", { topic: scene.TOPIC, payload: scene.large }));
		};
	},
	in16k: net => scene.flood(net, ear(net)),
	dribble: net => scene.dribble(net, ear(net)),
	idle(net) {
		const socket = connected(net);
		clock.repeat(() => socket.write(codec.encode_pkt("pingreq", {})), scene.KEEP_ALIVE);
		return scene.minute(net, { hear: socket.onReadable });
	},
	connect: net => () => {
		const socket = connected(net);
		const fields = { client_id: scene.ID, flags: { clean_start: true }, keep_alive: 60 };
		socket.write(codec.encode_pkt("connect", fields));
		net.arrive(scene.connack);
		socket.close();
	},
});
