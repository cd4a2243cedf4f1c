/**
 * What passes between the desk's broker and its clients, or a broker elsewhere and the desk's boards, packet by packet: each as one line, with the line that it answers.
 * So a PUBACK is joined to its PUBLISH, and QoS 0, 1 and 2 can be seen. Reads copies of the bytes and changes nothing.
 */

import { type Packet, parser } from "mqtt-packet";
import type { WireLine } from "./web/protocol.js";

/** Lines that are remembered for who looks later. */
const MOST = 4000;
/** Characters of a payload that are shown. */
const SHOWN = 160;
/** Clients of the page's own: to watch is not to be watched. */
const OWN = /^page-/;

type Direction = WireLine["direction"];

export class Wire {
	onLine: (line: WireLine) => void = () => {};
	/** Connections without a client id. */
	#nameless = 0;
	#lines: WireLine[] = [];
	#last = 0;

	/** Oldest first. */
	get lines(): readonly WireLine[] {
		return this.#lines;
	}

	/** Of one connection to the broker: give it what passes, in each direction. */
	connection(): (direction: Direction, bytes: Uint8Array) => void {
		const note = (line: Omit<WireLine, "number">) => {
			const numbered = { ...line, number: ++this.#last };
			this.#lines.push(numbered);
			if (this.#lines.length > MOST) this.#lines.splice(0, MOST >> 3);
			this.onLine(numbered);
			return numbered.number;
		};
		const listener = new Listener(note, () => `(no id) ${++this.#nameless}`);
		return (direction, bytes) => listener.hear(direction, bytes);
	}
}

class Listener {
	readonly #note: (line: Omit<WireLine, "number">) => number;
	readonly #parsers;
	/** Open exchanges: by who began them and their packet identifier, the first line and the topic. */
	readonly #exchanges = new Map<string, { readonly number: number; readonly topic: string }>();
	readonly #name: () => string;
	#client = "";
	#deaf = false;

	/** `name` makes one for a client that has brought no id: the broker gives it one, which MQTT 3.1.1 does not tell. */
	constructor(note: (line: Omit<WireLine, "number">) => number, name: () => string) {
		this.#note = note;
		this.#name = name;
		this.#parsers = { in: this.#parser("in"), out: this.#parser("out") };
	}

	hear(direction: Direction, bytes: Uint8Array): void {
		if (!this.#deaf) this.#parsers[direction].parse(Buffer.from(bytes));
	}

	#parser(direction: Direction) {
		const made = parser({ protocolVersion: 4 });
		made.on("packet", packet => this.#packet(direction, packet));
		// It is the broker's business what to make of it.
		made.on("error", () => {
			this.#deaf = true;
		});
		return made;
	}

	#packet(direction: Direction, packet: Packet): void {
		if (packet.cmd === "connect") {
			this.#client = packet.clientId || this.#name();
			this.#deaf = OWN.test(packet.clientId);
			if (packet.protocolVersion === 5) for (const made of Object.values(this.#parsers)) version5(made);
		}
		if (this.#deaf) return;
		const id = packet.messageId;
		const opening = ["publish", "subscribe", "unsubscribe"].includes(packet.cmd);
		// PUBREL goes the way of its PUBLISH; all other answers go against it.
		const began = opening || packet.cmd === "pubrel" ? direction : direction === "in" ? "out" : "in";
		const key = `${began} ${id}`;
		const asked = opening || id === undefined ? undefined : this.#exchanges.get(key);
		const number = this.#note({
			at: Date.now(),
			client: this.#client,
			direction,
			packet: packet.cmd.toUpperCase(),
			bytes: packet.length ?? 0,
			...(id && { id }),
			...details(packet),
			...(asked && { answers: asked.number, topic: asked.topic }),
		});
		if (opening && id) this.#exchanges.set(key, { number, topic: "topic" in packet ? packet.topic : "" });
		else if (asked && packet.cmd !== "pubrec" && packet.cmd !== "pubrel") this.#exchanges.delete(key);
	}
}

/** The version is learnt with CONNECT; a parser takes it from there itself, the other direction's has to be told. */
function version5(made: ReturnType<typeof parser>): void {
	(made as unknown as { settings: { protocolVersion: number } }).settings.protocolVersion = 5;
}

function details(packet: Packet): Partial<WireLine> {
	switch (packet.cmd) {
		case "connect":
			return {
				text: `${packet.clean ? "clean session" : "persistent session"}, keep-alive ${packet.keepalive} s${packet.will ? `, will on ${packet.will.topic}` : ""}`,
			};
		case "connack":
			return {
				text:
					packet.returnCode || packet.reasonCode
						? `refused with ${packet.returnCode || packet.reasonCode}`
						: `Session Present ${packet.sessionPresent ? 1 : 0}`,
			};
		case "publish":
			return {
				topic: packet.topic,
				text: textOf(packet.payload),
				QoS: packet.qos,
				...(packet.dup && { duplicate: true }),
				...(packet.retain && { retain: true }),
			};
		case "subscribe":
			return { text: packet.subscriptions.map(({ topic, qos }) => `${topic} (QoS ${qos})`).join(", ") };
		case "suback":
			return { text: `granted ${packet.granted.join(", ")}` };
		case "unsubscribe":
			return { text: packet.unsubscriptions.join(", ") };
		default:
			return {};
	}
}

function textOf(payload: string | Buffer): string {
	const text = String(payload);
	if (text === "") return "(empty)";
	if (text.includes("\ufffd")) return `(${payload.length} bytes)`;
	return text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
}
