/**
 * Somebody else's program, written against ECMA-419 and knowing nothing of us: it gives the client the SDK's own
 * socket and resolver and no timer, keeps things on `this`, and has methods whose names it chose itself.
 */

import TCP from "embedded:io/socket/tcp";
import UDP from "embedded:io/socket/udp";
import Resolver from "embedded:network/dns/resolver/udp";
import MQTTClient from "embedded:network/mqtt/client";
import config from "mc/config";

const bytes = text => ArrayBuffer.fromString(text);

class Machine extends MQTTClient {
	publish(topic, text, options) {
		return this.write(bytes(text), { topic: `dropin/out/${topic}`, ...options });
	}
	/** Names that another class might well use for itself. */
	connect() {
		throw new Error("nobody called this");
	}
	send() {
		this.connect();
	}
	close() {
		this.state = "closed";
		super.close();
	}
}

export default function () {
	const where = { host: "localhost", port: Number(config.port) };
	new Machine({
		...where,
		id: "machine",
		keepAlive: 10_000,
		will: { topic: "dropin/will", message: bytes("gone"), QoS: 1, retain: true },
		target: { messages: 0 },
		socket: { io: TCP },
		dns: { io: Resolver, servers: ["127.0.0.1"], socket: { io: UDP } },
		onControl(opcode, message) {
			if (opcode !== message.operation) this.publish("wrong", "opcode");
			if (opcode === MQTTClient.CONNACK) {
				this.state = "up";
				this.timer = this.socket = this.parser = this.message = null;
				this.write(null, {
					operation: MQTTClient.SUBSCRIBE,
					items: [{ topic: "dropin/in/#", QoS: 1 }, { topic: "dropin/cleared" }],
				});
			} else if (opcode === MQTTClient.SUBACK) {
				this.publish("granted", message.payload.join());
				this.publish("0", "zero");
				this.identifier = 0;
				this.publish("1", "one", { QoS: 1 });
			} else if (opcode === MQTTClient.PUBACK && ++this.identifier === 1) {
				this.publish("retained", "kept", { QoS: 1, retain: true });
				this.publish("empty", "", { QoS: 1 });
				this.write(new ArrayBuffer(0), { topic: "dropin/cleared", QoS: 1, retain: true });
			}
		},
		onReadable(count, { more, topic, QoS, byteLength }) {
			if (topic !== undefined) this.received = { topic, QoS, byteLength, fragments: 0, sum: 0 };
			const { received } = this;
			++received.fragments;
			if (count) for (const byte of new Uint8Array(this.read(count))) received.sum += byte;
			if (!more) this.publish("seen", JSON.stringify({ ...received, message: ++this.target.messages }));
		},
		onError(error) {
			trace(`dropin: ${this.state} ${error}\n`);
		},
	});

	const { client } = globalThis.device.network.mqtt;
	new client.io({
		...client,
		...where,
		id: "defaults",
		onControl(opcode) {
			if (opcode === MQTTClient.CONNACK) this.write(bytes("online"), { topic: "dropin/out/defaults" });
		},
	});
}
