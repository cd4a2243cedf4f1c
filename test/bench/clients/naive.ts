/** A program of thirty lines: a timer, `JSON.stringify`, and `write` of an MQTT client over the SDK's socket: the SDK's, or ours where there is no SDK. */

// @ts-expect-error: in the installed SDK, or modules/mqtt/client.ts
import Client from "naive-client";
// @ts-expect-error: the SDK's TCP class, or hosts/moddable/tcp.ts, which ours needs
import * as socket from "naive-socket";
import * as scene from "../scene.js";
import { install } from "../stubs/xs.js";
import { advance, clock, net, off, timer, WorldResolver } from "../world.js";

install();

const scenarios = {
	sample() {
		const read = scene.readings();
		let ready = false;
		const client = new Client({
			socket: { io: socket.TCP ?? socket.default },
			dns: { io: WorldResolver },
			timer,
			host: scene.HOST,
			id: scene.ID,
			onWritable() {
				ready = true;
			},
		});
		advance(10);
		let seq = 0;
		timer.repeat(() => {
			if (!ready) throw new Error("not connected");
			const text = JSON.stringify({ v: read(), ts: scene.TIME + clock.ticks, tsq: "ntp", seq: ++seq });
			client.write((ArrayBuffer as unknown as { fromString(text: string): ArrayBuffer }).fromString(text), {
				topic: scene.MEASUREMENTS,
			});
		}, 1_000);
		return () => advance(1_000);
	},
};

export const { list, scenario, writes } = scene.plain(scenarios, net, off);
