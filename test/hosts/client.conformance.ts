/**
 * The MQTT client as a program finds it on the host provider instance (ECMA-419 §30): `network.mqtt.client` and
 * `network.mqtts.client` hold its class and every option but the broker. What the client does is test/mqtt's.
 */

import type { MQTTDefaults } from "../../modules/device/io.js";
import type { Endpoint, Suite, Trial } from "./suite.js";

/** Done once a message of three bytes has gone to the server and come back. */
function roundTrip(trial: Trial, defaults: MQTTDefaults, { address, port }: Endpoint): void {
	const payload = [1, 0, 255];
	const { io: MQTTClient } = defaults;
	trial.keep(
		new MQTTClient({
			...defaults,
			host: address,
			port,
			id: "defaults",
			onControl: trial.on(function (this: InstanceType<typeof MQTTClient>, opcode: number) {
				trial.equal(opcode, MQTTClient.CONNACK, "opcode");
				this.write(Uint8Array.from(payload), { topic: "a/b" });
			}),
			onReadable: trial.on(function (this: InstanceType<typeof MQTTClient>, count, { topic, more }) {
				trial.equal(topic, "a/b", "topic");
				trial.equal(more, false, "more");
				trial.bytes(this.read(count), payload);
				trial.done();
			}),
			onError: trial.on(error => {
				throw error;
			}),
		}),
	);
}

/** What the client makes of a message whose topic has these bytes, over a network of its own: its error's code, or the topic. */
function topicOf(
	{ io: MQTTClient, timer }: MQTTDefaults,
	topic: readonly number[],
): number | string | undefined {
	let told: number | string | undefined;
	const bytes = [0x20, 2, 0, 0, 0x30, topic.length + 2, 0, topic.length, ...topic];
	let answer: (error: null, address: string) => void = () => {};
	let socket: { onReadable?: (count: number) => void; onWritable?: (count: number) => void } = {};
	class Dns {
		resolve(_options: object, callback: typeof answer): void {
			answer = callback;
		}
		close(): void {}
	}
	class Socket {
		format = "buffer";
		constructor(options: object) {
			socket = options;
		}
		read(target: Uint8Array): number {
			const part = bytes.splice(0, target.byteLength);
			target.set(part);
			return part.length;
		}
		write(): number {
			return 1000;
		}
		close(): void {}
	}
	const client = new MQTTClient({
		socket: { io: Socket as never },
		dns: { io: Dns as never },
		timer,
		host: "h",
		onReadable(_count, message) {
			told = message.topic;
		},
		onError({ code }) {
			told = code;
		},
	});
	answer(null, "127.0.0.1");
	socket.onWritable?.(1000);
	socket.onReadable?.(bytes.length);
	client.close();
	return told;
}

const suite: Suite = {
	title: "MQTT client defaults",
	cases: [
		{
			title:
				"with host and id added, network.mqtt.client makes a client that connects, sends and receives (§30)",
			run(trial) {
				roundTrip(trial, trial.device.network.mqtt.client, trial.world.mqtt);
			},
		},
		{
			title: "a topic that is not well-formed UTF-8 ends the client as malformed [MQTT-1.5.3-1]",
			run(trial) {
				const { client } = trial.device.network.mqtt;
				trial.equal(topicOf(client, [0xc3, 0xa9]), "é", "two bytes");
				const wrong = [
					[0xc0, 0xaf],
					[0xe0, 0x80, 0xaf],
					[0xed, 0xa0, 0x80],
					[0xf4, 0x90, 0x80, 0x80],
					[0xff],
				];
				for (const bytes of wrong) trial.equal(topicOf(client, [0x61, ...bytes]), 6, `${bytes}`);
				trial.done();
			},
		},
		{
			title: "network.mqtts.client does so over TLS, with the authority to trust added (§30)",
			run(trial) {
				const client = trial.device.network.mqtts?.client;
				if (!client) return trial.skip("no TLS");
				const { host, ca, mqtt } = trial.world.tls;
				const socket = { ...client.socket, tls: { host, ca: Uint8Array.from(ca) } };
				roundTrip(trial, { ...client, socket }, mqtt);
			},
		},
	],
};

export default suite;
