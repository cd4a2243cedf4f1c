/** What no firmware can beat: a timer, the sensor, JSON, and one write to the SDK's socket. */

import { encode } from "../../../modules/mqtt/codec.js";
import * as scene from "../scene.js";
import { advance, clock, net, off, SDKSocket, timer } from "../world.js";

const header = scene.packet(scene.MEASUREMENTS, 0, new Uint8Array(0));

const scenarios = {
	sample() {
		const read = scene.readings();
		const socket = new SDKSocket({ address: "", port: 1883 });
		const packet = new Uint8Array(128);
		packet.set(header);
		let seq = 0;
		timer.repeat(() => {
			const text = JSON.stringify({ v: read(), ts: scene.TIME + clock.ticks, tsq: "ntp", seq: ++seq });
			const payload = encode(text);
			packet[1] = header.byteLength - 2 + payload.byteLength;
			packet.set(payload, header.byteLength);
			socket.write(packet.subarray(0, header.byteLength + payload.byteLength));
		}, 1_000);
		return () => advance(1_000);
	},
};

export const { list, scenario, writes } = scene.plain(scenarios, net, off);
