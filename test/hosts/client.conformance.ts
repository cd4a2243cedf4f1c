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
