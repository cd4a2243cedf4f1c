/** What no client can beat: one `write` of a ready packet, one `read` into a kept buffer, nothing looked at. */

import { clock } from "../clock.js";
import * as scene from "../scene.js";
import { BenchSocket, type Net } from "../socket.js";

const buffer = new Uint8Array(1_536);

function connected(net: Net, answer?: Uint8Array): BenchSocket {
	const socket: BenchSocket = new BenchSocket({
		address: "",
		port: 1883,
		net,
		onReadable() {
			socket.read(buffer);
			if (answer) socket.write(answer);
		},
	});
	return socket;
}

function ear(net: Net, answer?: Uint8Array): scene.Ear {
	return { hear: connected(net, answer).onReadable };
}

export const { list, scenario, writes } = scene.stage({
	publish0(net) {
		const socket = connected(net);
		const packet = scene.message0.bytes;
		return () => {
			socket.write(packet);
		};
	},
	"publish0-alternating"(net) {
		const socket = connected(net);
		const packet = scene.message0.bytes;
		const other = scene.packet(scene.OTHER, 0, scene.payload);
		let round = 0;
		return () => {
			socket.write(round++ & 1 ? other : packet);
		};
	},
	"publish0-vary"(net) {
		const socket = connected(net);
		const packets = scene.varying.map(body => scene.packet(scene.TOPIC, 0, body));
		let round = 0;
		return () => {
			socket.write(packets[round++ & 3]);
		};
	},
	"publish0-topics8"(net) {
		const socket = connected(net);
		const packets = scene.TOPICS.map(topic => scene.packet(topic, 0, scene.payload));
		let round = 0;
		return () => {
			socket.write(packets[round++ & 7]);
		};
	},
	publish1(net) {
		const socket = connected(net);
		const packet = scene.message1.bytes;
		const hear = socket.onReadable;
		net.load(scene.acknowledgement);
		return () => {
			socket.write(packet);
			net.offset = 0;
			hear(4);
		};
	},
	receive0: net => scene.arrival(net, scene.message0, ear(net)),
	receive1: net => scene.arrival(net, scene.message1, ear(net, scene.puback)),
	segment10: net => scene.arrival(net, scene.ten, ear(net)),
	out16k(net) {
		const socket = connected(net);
		const { fragments } = scene;
		return () => {
			for (let i = 0; i < 3; i++) socket.write(fragments[i]);
		};
	},
	in16k: net => scene.flood(net, ear(net)),
	dribble: net => scene.dribble(net, ear(net)),
	idle(net) {
		const socket = connected(net);
		clock.repeat(() => socket.write(scene.ping), scene.KEEP_ALIVE);
		return scene.minute(net, { hear: socket.onReadable });
	},
	connect(net) {
		const packet = scene.connectPacket;
		return () => {
			const socket = connected(net);
			socket.write(packet);
			net.arrive(scene.connack);
			socket.close();
		};
	},
});
