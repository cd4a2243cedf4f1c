/**
 * One client's connection, MQTT 3.1.1 or 5: its packets, and AWS's rules for them. A packet that AWS does not take ends the
 * connection with one of AWS's reasons; nothing is answered with silence but QoS 2 and what is throttled.
 * https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html
 */

import type { Duplex } from "node:stream";
import {
	generate,
	type IConnectPacket,
	type IDisconnectPacket,
	type IPublishPacket,
	type ISubscribePacket,
	type IUnsubscribePacket,
	type Packet,
	parser,
} from "mqtt-packet";
import type { Broker, Client } from "./broker.js";
import { Rate } from "./clock.js";
import { codes, End, type Reason } from "./ending.js";
import { isFilter } from "./filter.js";
import { Aliases, expiryOf, offer } from "./five.js";
import { keepAlive, limits, messageProblem, topicProblem } from "./limits.js";
import type { Action, Principal } from "./policy.js";
import type { Line, Message, Sent, Session } from "./session.js";

/** Bytes that are no packet yet. */
const longest = 256 * 1024;
/** Milliseconds to let the last bytes out. */
const goodbye = 500;

export class Connection implements Client, Line {
	readonly certificateId: string;
	clientId = "";
	session: Session | undefined;
	will: Message | undefined;
	principal: Principal | undefined;
	receiveMaximum: number = limits.inFlight;
	/** Its publishes are discarded until then. */
	throttledUntil = 0;
	readonly #broker: Broker;
	readonly #socket: Duplex;
	readonly #parser = parser();
	readonly #rate: Rate;
	readonly #aliases = new Aliases();
	#version: 4 | 5 = 4;
	#over = false;
	/** CONNECT was in these bytes. */
	#greeting = false;
	#pending = 0;
	#heard = 0;
	#stopAlive: (() => void) | undefined;
	#stopLife: (() => void) | undefined;

	constructor(broker: Broker, socket: Duplex, certificateId: string) {
		this.#broker = broker;
		this.#socket = socket;
		this.certificateId = certificateId;
		this.#rate = new Rate(broker.clock, limits.publishes);
		this.#parser.on("packet", packet => this.#take(packet));
		this.#parser.on("error", error => this.end("CLIENT_ERROR", error.message));
		socket.on("data", (bytes: Buffer) => {
			this.#pending += bytes.length;
			if (this.#over) return;
			this.#heard = broker.clock.now();
			this.#parser.parse(bytes);
			this.#greeting = false;
			if (this.#pending > longest) this.end("CLIENT_ERROR", "a packet that is too large");
		});
		socket.on("error", () => {});
		socket.on("close", () => this.#closed("CONNECTION_LOST", ""));
	}

	/** By the service. The will is published, as for any end that the client did not ask for. */
	end(reason: Reason, detail: string): void {
		if (this.#over) return;
		if (this.#version === 5 && this.session)
			this.#write({ cmd: "disconnect", reasonCode: codes[reason], properties: { reasonString: detail } });
		this.#closed(reason, detail);
		this.#hangUp();
	}

	mayReceive(topic: string): boolean {
		return this.may("Receive", `topic/${topic}`);
	}

	may(action: Action, resource: string): boolean {
		return this.principal !== undefined && this.#broker.allows(this, this.principal, action, resource);
	}

	send({ topic, payload, qos, retain, dup, messageId, properties }: Sent): void {
		this.#write({
			cmd: "publish",
			topic,
			payload,
			qos,
			retain,
			dup,
			...(messageId !== undefined && { messageId }),
			...(this.#version === 5 && properties && { properties }),
		});
	}

	#take(packet: Packet): void {
		if (this.#over) return;
		this.#pending = 0;
		try {
			if (packet.cmd === "connect") this.#connect(packet);
			else if (!this.session) throw new End("CLIENT_ERROR", `${packet.cmd} before CONNECT`);
			// https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html#mqtt-differences: the client waits for CONNACK.
			else if (this.#greeting) throw new End("CLIENT_ERROR", `${packet.cmd} before CONNACK`);
			else this.#serve(packet, this.session);
		} catch (error) {
			if (!(error instanceof End)) throw error;
			const { reason, message, refusal } = error;
			if (refusal)
				this.#write({
					cmd: "connack",
					sessionPresent: false,
					...(this.#version === 4 ? { returnCode: refusal[0] } : { reasonCode: refusal[1] }),
				});
			this.end(reason, message);
		}
	}

	#serve(packet: Packet, session: Session): void {
		if (packet.cmd === "publish") this.#publish(packet);
		else if (packet.cmd === "puback") session.acknowledged(packet.messageId as number);
		else if (packet.cmd === "subscribe") this.#subscribe(packet, session);
		else if (packet.cmd === "unsubscribe") this.#unsubscribe(packet, session);
		else if (packet.cmd === "pingreq") this.#write({ cmd: "pingresp" });
		else if (packet.cmd === "disconnect") this.#disconnect(packet, session);
		else throw new End("CLIENT_ERROR", `${packet.cmd} is not for the service`);
	}

	#unsubscribe({ messageId, unsubscriptions }: IUnsubscribePacket, session: Session): void {
		for (const filter of unsubscriptions) session.filters.delete(filter);
		const granted = unsubscriptions.map(() => 0);
		this.#write({ cmd: "unsuback", messageId: messageId as number, granted } as Packet);
		this.#broker.subscribed(this, "unsubscribed", unsubscriptions);
	}

	#disconnect({ reasonCode = 0, properties = {} }: IDisconnectPacket, session: Session): void {
		if (reasonCode !== 4) this.will = undefined;
		if (properties.sessionExpiryInterval !== undefined)
			session.expiry = expiryOf(properties.sessionExpiryInterval);
		this.#closed("CLIENT_INITIATED_DISCONNECT", "");
		this.#hangUp();
	}

	#connect(packet: IConnectPacket): void {
		if (this.session) throw new End("CLIENT_ERROR", "a second CONNECT");
		this.#greeting = true;
		const { protocolVersion, properties = {}, clean = true } = packet;
		this.#version = protocolVersion === 5 ? 5 : 4;
		if (protocolVersion === 3) throw new End("CLIENT_ERROR", "MQTT 3.1", [1, 0x84]);
		if (packet.clientId === "" && this.#version === 4)
			throw new End("CLIENT_ERROR", "an empty client id", [2, 0x85]);
		if (Buffer.byteLength(packet.clientId) > limits.clientId)
			throw new End("CLIENT_ERROR", `a client id of more than ${limits.clientId} bytes`, [2, 0x85]);
		this.clientId = packet.clientId || this.#broker.assign();
		// Not answered: https://docs.aws.amazon.com/general/latest/gr/iot-core.html#message-broker-limits
		if (!this.#broker.mayConnectNow(this.clientId))
			throw new End("THROTTLED", `more than ${limits.connects} CONNECT a second with this client id`);
		const expiry =
			this.#version === 4
				? clean
					? 0
					: this.#broker.sessionExpiry
				: expiryOf(properties.sessionExpiryInterval);
		const { will } = packet;
		this.principal = this.#broker.principal(this, [
			...(expiry ? ["PersistentConnect"] : []),
			...(will ? ["LastWill"] : []),
		]);
		// https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html#mqtt-differences: 7 in the place of 5.
		if (!this.may("Connect", `client/${this.clientId}`))
			throw new End("AUTH_ERROR", `iot:Connect as ${this.clientId}`, [7, 0x87]);
		if (will) {
			const { topic, retain = false, qos = 0 } = will;
			const problem = qos === 2 ? "a will with QoS 2" : messageProblem(topic, will.payload.length, retain);
			if (problem) throw new End("CLIENT_ERROR", `the will: ${problem}`, [7, 0x99]);
			const denied = this.#denied(topic, retain);
			if (denied) throw new End("AUTH_ERROR", `the will: ${denied}`, [7, 0x87]);
			this.will = { topic, payload: Buffer.from(will.payload), qos: qos as 0 | 1, retain };
		}
		this.receiveMaximum = Math.min(properties.receiveMaximum ?? limits.inFlight, limits.inFlight);
		const { session, present } = this.#broker.admit(this, clean, expiry);
		this.session = session;
		const alive = keepAlive(packet.keepalive ?? 0);
		this.#write({
			cmd: "connack",
			sessionPresent: present,
			...(this.#version === 4
				? { returnCode: 0 }
				: { reasonCode: 0, properties: offer(packet, this.clientId, alive) }),
		});
		this.#watch(alive * 1500);
		const { life } = this.#broker.whims;
		this.#stopLife = this.#broker.clock.after(this.#broker.dice.between(...life), () =>
			this.end("SERVER_INITIATED_DISCONNECT", "a connection does not last for ever"),
		);
		session.attach(this);
	}

	#publish(packet: IPublishPacket): void {
		const { qos, messageId, retain, properties } = packet;
		// https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html#mqtt-differences: no PUBREC.
		if (qos === 2) throw new End("CLIENT_ERROR", "QoS 2");
		const topic = this.#aliases.topicOf(packet);
		const payload = Buffer.from(packet.payload);
		const problem = messageProblem(topic, payload.length, retain);
		if (problem) throw new End("CLIENT_ERROR", problem);
		const denied = this.#denied(topic, retain);
		if (denied) throw new End("AUTH_ERROR", denied);
		const { clock } = this.#broker;
		const acknowledge = (reasonCode: number) => {
			if (!qos || this.#over) return;
			this.#write({ cmd: "puback", messageId: messageId as number, ...(reasonCode && { reasonCode }) });
		};
		// Discarded, and not acknowledged but to MQTT 5: https://docs.aws.amazon.com/general/latest/gr/iot-core.html#message-broker-limits
		if (clock.now() < this.throttledUntil || !this.#rate.take()) {
			this.#broker.onEvent?.({ type: "throttled", client: this.clientId, topic });
			if (this.#version === 5) acknowledge(0x97);
			return;
		}
		const passed = { ...properties, topicAlias: undefined };
		const message = { topic, payload, qos, retain, ...(properties && { properties: passed }) };
		const refused = this.#broker.publish(message, this);
		if (refused) throw new End("CLIENT_ERROR", refused);
		const { reorder, delay } = this.#broker.whims;
		// https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html#mqtt-differences: acknowledgements come in any order.
		if (qos && this.#broker.dice.chance(reorder))
			clock.after(this.#broker.dice.between(1, delay), () => acknowledge(0));
		else acknowledge(0);
	}

	/** https://docs.aws.amazon.com/iot/latest/developerguide/iot-policy-actions.html: retain wants both. */
	#denied(topic: string, retain: boolean): string | undefined {
		if (!this.may("Publish", `topic/${topic}`)) return `iot:Publish to ${topic}`;
		if (retain && !this.may("RetainPublish", `topic/${topic}`)) return `iot:RetainPublish to ${topic}`;
		return undefined;
	}

	#subscribe({ subscriptions, messageId }: ISubscribePacket, session: Session): void {
		if (subscriptions.length > limits.filters)
			throw new End("CLIENT_ERROR", `${subscriptions.length} filters, ${limits.filters} at most`);
		for (const { topic, qos } of subscriptions) {
			// https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html#mqtt-differences: no SUBACK.
			if (qos > 1) throw new End("CLIENT_ERROR", "QoS 2");
			if (!isFilter(topic)) throw new End("CLIENT_ERROR", `no filter: ${topic}`);
			const problem = topicProblem(topic) ?? this.#broker.reserved(topic);
			if (problem) throw new End("CLIENT_ERROR", problem);
			if (!this.may("Subscribe", `topicfilter/${topic}`))
				throw new End("AUTH_ERROR", `iot:Subscribe to ${topic}`);
		}
		const granted = subscriptions.map(({ topic, qos }) => {
			// https://docs.aws.amazon.com/general/latest/gr/iot-core.html#message-broker-limits: "might reject"; look at SUBACK.
			if (session.filters.size >= limits.subscriptions && !session.filters.has(topic))
				return this.#version === 5 ? 0x97 : 0x80;
			session.subscribe(topic, qos as 0 | 1);
			return qos;
		});
		this.#write({ cmd: "suback", messageId: messageId as number, granted } as Packet);
		const accepted = subscriptions.filter((_, index) => (granted[index] as number) < 0x80);
		this.#broker.subscribed(
			this,
			"subscribed",
			accepted.map(({ topic }) => topic),
		);
		for (const { topic, qos } of accepted)
			for (const message of this.#broker.retained(topic, this.certificateId))
				session.deliver({ ...message, retain: true, qos: Math.min(qos, message.qos) as 0 | 1 });
	}

	/** One and a half times the keep-alive without a packet. */
	#watch(patience: number): void {
		const { clock } = this.#broker;
		const silent = clock.now() - this.#heard;
		if (silent >= patience) this.end("MQTT_KEEP_ALIVE_TIMEOUT", `nothing heard for ${silent} ms`);
		else this.#stopAlive = clock.after(patience - silent, () => this.#watch(patience));
	}

	#write(packet: Packet): void {
		if (this.#socket.writable) this.#socket.write(generate(packet, { protocolVersion: this.#version }));
	}

	#hangUp(): void {
		this.#socket.end();
		setTimeout(() => this.#socket.destroy(), goodbye).unref();
	}

	#closed(reason: Reason, detail: string): void {
		if (this.#over) return;
		this.#over = true;
		this.#stopAlive?.();
		this.#stopLife?.();
		this.#broker.left(this, reason, detail);
	}
}
