/**
 * A small MQTT 3.1.1 broker for one client, bytes in and bytes out, over an independent codec (mqtt-packet). It keeps
 * the client's session as §4.4 asks, and accounts for every message. No sockets and no time.
 */

import assert from "node:assert/strict";
import { generate, type IPublishPacket, type Packet, parser } from "mqtt-packet";

interface Outgoing {
	readonly topic: string;
	readonly text: string;
	readonly QoS: number;
	/** 0 while it has not been sent. */
	id: number;
	/** PUBREC has come: PUBREL is what is sent again. */
	released: boolean;
}

export class Broker {
	/** "topic text", in the order of arrival; a QoS 2 message counts when it is first seen (method B of §4.3.3). */
	readonly arrived: string[] = [];
	/** The session, or none. */
	subscriptions: Map<string, number> | undefined;
	connects = 0;
	/** Messages per topic that came before there was a session. */
	missed = 0;
	#outgoing: Outgoing[] = [];
	readonly #received = new Set<number>();
	#last = 0;
	#parser = parser({ protocolVersion: 4 });
	#connected = false;
	#reply: Buffer[] = [];
	#ended = false;
	#will = "";

	/** A new network connection; what is left of the old one is gone. */
	open(): void {
		this.#parser = parser({ protocolVersion: 4 });
		this.#parser.on("packet", (packet: Packet) => this.#packet(packet));
		this.#parser.on("error", (error: Error) => assert.fail(`malformed: ${error.message}`));
		this.#connected = this.#ended = false;
		this.#reply = [];
	}
	/** The network connection is gone: the will speaks, unless DISCONNECT came before [MQTT-3.1.2-8] [MQTT-3.1.2-10]. */
	lost(): void {
		if (this.#connected && !this.#ended) this.arrived.push(this.#will);
		this.#connected = false;
	}
	/** The broker loses its state, as by a power cut without persistence. */
	forget(): void {
		this.subscriptions = undefined;
		this.#outgoing = [];
		this.#received.clear();
	}
	/** DISCONNECT has come. */
	get ended(): boolean {
		return this.#ended;
	}
	/** All that was published here has arrived, as far as this broker can know. */
	get idle(): boolean {
		return this.#outgoing.length === 0 && this.#received.size === 0;
	}
	/** Takes bytes of the client and returns those that answer them. */
	receive(bytes: Uint8Array): Buffer {
		this.#parser.parse(Buffer.from(bytes));
		return this.take();
	}
	take(): Buffer {
		return Buffer.concat(this.#reply.splice(0));
	}
	/** A client publishes; it is kept for the client's session above QoS 0. */
	publish(topic: string, text: string, QoS: number): void {
		const granted = this.subscriptions?.get(topic);
		if (granted === undefined) {
			if (topic === "in1") this.missed++;
			return;
		}
		const message: Outgoing = { topic, text, QoS: Math.min(QoS, granted), id: 0, released: false };
		if (message.QoS) {
			message.id = ++this.#last;
			this.#outgoing.push(message);
		}
		if (this.#connected) this.#send(message, false);
	}

	#send({ topic, text, QoS, id, released }: Outgoing, dup: boolean): void {
		if (released) this.#write({ cmd: "pubrel", messageId: id });
		else
			this.#write({
				cmd: "publish",
				topic,
				payload: text,
				qos: QoS as 0 | 1 | 2,
				dup,
				retain: false,
				messageId: id,
			});
	}
	#write(packet: Packet): void {
		this.#reply.push(generate(packet));
	}
	#packet(packet: Packet): void {
		assert.ok(!this.#ended, "nothing may follow DISCONNECT [MQTT-3.14.4-2]");
		assert.equal(packet.cmd === "connect", !this.#connected, "CONNECT comes first, and once [MQTT-3.1.0-1]");
		const id = packet.messageId ?? 0;
		switch (packet.cmd) {
			case "connect":
				this.#connected = true;
				this.#will = packet.will ? `${packet.will.topic} ${packet.will.payload}` : "";
				this.connects++;
				this.#write({ cmd: "connack", sessionPresent: this.subscriptions !== undefined, returnCode: 0 });
				if (this.subscriptions) for (const message of this.#outgoing) this.#send(message, true);
				else this.subscriptions = new Map();
				break;
			case "subscribe":
				for (const { topic, qos } of packet.subscriptions) this.subscriptions?.set(topic, qos);
				this.#write({ cmd: "suback", messageId: id, granted: packet.subscriptions.map(({ qos }) => qos) });
				break;
			case "publish":
				this.#taken(packet, id);
				break;
			case "pubrel":
				this.#received.delete(id);
				this.#write({ cmd: "pubcomp", messageId: id });
				break;
			case "puback":
			case "pubcomp":
				this.#outgoing = this.#outgoing.filter(message => message.id !== id);
				break;
			case "pubrec":
				for (const message of this.#outgoing) if (message.id === id) message.released = true;
				this.#write({ cmd: "pubrel", messageId: id });
				break;
			case "pingreq":
				this.#write({ cmd: "pingresp" });
				break;
			case "disconnect":
				this.#ended = true;
				break;
			default:
				assert.fail(`no packet of a client: ${packet.cmd}`);
		}
	}
	#taken({ topic, payload, qos }: IPublishPacket, id: number): void {
		if (qos !== 2 || !this.#received.has(id)) {
			this.arrived.push(`${topic} ${payload}`);
			this.publish(topic, `${payload}`, qos);
		}
		if (qos === 1) this.#write({ cmd: "puback", messageId: id });
		if (qos !== 2) return;
		this.#received.add(id);
		this.#write({ cmd: "pubrec", messageId: id });
	}
}
