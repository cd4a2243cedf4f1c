/**
 * Home Assistant as a feature of a board (start.ts; TOPICS.md, "Home Assistant"). Keeps the board's device document (document.ts) at the
 * broker: published at each connect, and again when Home Assistant has started (its birth message, after a random wait of 1 to 10 s, since
 * it drops what comes at once), followed by the board's retained states. Components that have left the description are named for removal;
 * where the description wants no Home Assistant, or the board has another id or prefix, the document is cleared.
 */

import { decode, encode } from "../../mqtt/codec.js";
import { Deadline } from "../../session/deadline.js";
import type Board from "../board.js";
import { profileOf } from "../broker.js";
import { type Description, storageFault } from "../description/description.js";
import type { Known } from "../description/schema.js";
import { items, type Problem, type RecordSpec, report, walk } from "../description/validate.js";
import type { Device } from "../io.js";
import { isRecord, type Values } from "../json.js";
import type { Inbound, Part } from "../listener.js";
import type { Room } from "../memory.js";
import type { Feature } from "../start.js";
import topics from "../topics.js";
import { checkClasses, classKeys } from "./classes.js";
import Document from "./document.js";

const EXPECTED = 'true, or an object such as {"prefix":"homeassistant","area":"Hall"}';
/** Measured as those of the board are (start.ts). */
const Heap = Object.freeze({ board: 1900, sensor: 60 });
const options: RecordSpec = Object.freeze({
	keys: Object.freeze({ prefix: "root 1..64 ?", area: "word 1..64 ?" }),
});

/** The record of the document that may be at the broker, its topic; commands/decommission.ts knows it where this feature is absent. */
const KEY = "ha";
/** Records of its components, as many to each as fit; `PREFIX` and a number. */
const PREFIX = "ha:";
/** Bytes of a record's text. */
const LONGEST = 400;
/** Milliseconds. `again`: where the connection cannot take the document now, and after a change; it has `arrived` after so long. */
const Wait = Object.freeze({ minimum: 1000, maximum: 10_000, again: 1000, arrived: 15_000 });

const homeAssistant: Feature = Object.freeze({
	board: Object.freeze({ homeAssistant: "any ?" }),
	sensor: classKeys,
	check(value: Values, problems: Problem[], known: unknown): void {
		const own = value.homeAssistant;
		if (isRecord(own)) walk(options, own, "homeAssistant", problems);
		else if (own !== undefined && typeof own !== "boolean") report(problems, "homeAssistant", EXPECTED, own);
		items(value.sensors).forEach((sensor, index) => {
			checkClasses(sensor, known as Known, `sensors[${index}]`, problems);
		});
	},
	rooms: (description: Description) => (wanted(description) ? rooms(description) : []),
	heap: (description: Description) =>
		wanted(description) ? Heap.board + Heap.sensor * description.sensors.length : 0,
	make(parts: Board): readonly Part[] {
		const settings = parts.settings;
		const document = () => {
			const description = settings.current;
			return wanted(description) ? new Document(description, parts) : undefined;
		};
		if (settings.current.homeAssistant && !document()) parts.publisher.report("homeAssistant: off at AWS");
		return [new Discovery(parts, document)];
	},
});

export default homeAssistant;

/** Home Assistant is at no broker of AWS's. */
const wanted = (description: Description): boolean =>
	Boolean(description.homeAssistant) && profileOf(description) !== "aws";

interface DiscoveryParts extends Pick<Board, "memory" | "publisher" | "trying" | "announce"> {
	readonly device: Pick<Device, "timer">;
}

/** Keeps the document at the broker. */
export class Discovery implements Part {
	/** Home Assistant's own status. */
	readonly inbound: readonly Inbound[];
	private readonly parts: DiscoveryParts;
	private readonly make: () => Document | undefined;
	private readonly random: () => number;
	private document: Document | undefined;
	private readonly turn: Deadline;
	/** The document was sent on this connection: at the next turn it has arrived. */
	private sent = false;
	/** The states follow the document: Home Assistant has started. */
	private born = false;

	/** `make`: of the description as it is now; none where Home Assistant is not wanted. `random`: 0 up to 1. */
	constructor(parts: DiscoveryParts, make: () => Document | undefined, random = Math.random) {
		const document = make();
		this.parts = parts;
		this.make = make;
		this.random = random;
		this.document = document;
		this.turn = new Deadline(parts.device.timer, this, this.next);
		const receive = (payload: Uint8Array) => this.started(payload);
		this.inbound = document ? [{ topic: document.birth, QoS: 0, receive }] : [];
	}

	/** A connection stands: the document may have been lost with the broker, or be another one than it was. */
	online(): void {
		this.clearOld();
		if (this.document) this.wait(0);
	}

	/** A period is another one, say: so is the time after which a value expires. After the last of many changes. */
	configured(): void {
		if (!this.document) return;
		this.document = this.make();
		this.wait(Wait.again);
	}

	pressed(): void {
		const publisher = this.parts.publisher;
		if (this.document) publisher.send(publisher.topic(topics.button), '{"event_type":"press"}');
	}

	/** For a board that is taken out of service. False when there is no room for it now. */
	clear(): boolean {
		const topic = this.document?.topic;
		this.close();
		if (topic !== undefined && !this.parts.publisher.erase(topic)) return false;
		return this.clearOld() && this.forget();
	}

	close(): void {
		this.turn.close();
	}

	private started(payload: Uint8Array): void {
		if (decode(payload) !== "online") return;
		this.born = true;
		this.wait(Wait.minimum + this.random() * (Wait.maximum - Wait.minimum));
	}

	private wait(delay: number): void {
		this.sent = false;
		this.turn.set(delay);
	}

	private next(): void {
		const { document, sent } = this;
		if (!document) return;
		if (sent) this.store(document);
		else if (this.parts.publisher.retaining) this.publish(document);
	}

	/** The document is made twice: once to be counted, once to be sent. It is never held whole. */
	private publish(document: Document): void {
		const removed = this.gone(document);
		const pieces = document.pieces(removed);
		let byteLength = 0;
		for (let index = 0; index < pieces; index++)
			byteLength += encode(document.piece(index, removed)).byteLength;
		let index = 0;
		const source = () => (index < pieces ? encode(document.piece(index++, removed)) : undefined);
		this.sent = this.parts.publisher.stream(document.topic, byteLength, source);
		this.turn.set(this.sent ? Wait.arrived : Wait.again);
		if (!this.sent) return;
		if (this.born) this.parts.announce();
		this.born = false;
	}

	/** What the broker has now is what is to be removed later. */
	private store(document: Document): void {
		const { memory, publisher, trying } = this.parts;
		if (!publisher.online || trying) return;
		const put = (key: string, name: string, text: string) => {
			if (memory.get(key)[name] !== text) memory.put(key, { [name]: text });
		};
		const texts = packed(document);
		texts.forEach((text, record) => put(PREFIX + record, "c", text));
		memory.keys(PREFIX).forEach(key => {
			if (Number(key.slice(PREFIX.length)) >= texts.length) memory.delete(key);
		});
		put(KEY, "t", document.topic);
	}

	/** Components of an earlier description: to be named with their platform only, until that has arrived. */
	private gone(document: Document): string[] {
		const memory = this.parts.memory;
		const gone: string[] = [];
		if (memory.get(KEY).t !== document.topic) return gone;
		for (let record = 0; ; record++) {
			const c = memory.get(PREFIX + record).c;
			if (typeof c !== "string") return gone;
			const items = c.trim().split(" ");
			for (let index = 0; index < document.length; index++) {
				const at = items.indexOf(document.at(index));
				if (at >= 0) items.splice(at, 1);
			}
			gone.push(...items);
		}
	}

	/** The document of another id or prefix, or one that is not wanted any more. */
	private clearOld(): boolean {
		const { memory, publisher, trying } = this.parts;
		const topic = memory.get(KEY).t;
		if (typeof topic !== "string" || topic === this.document?.topic || trying) return true;
		return publisher.erase(topic) && this.forget();
	}

	private forget(): boolean {
		const memory = this.parts.memory;
		// `KEY` itself begins so too.
		memory.keys(KEY).forEach(key => memory.delete(key));
		return true;
	}
}

/** Platforms and keys of all components, as many in a text as a record takes. */
const packed = (document: Document): string[] => {
	const texts = [""];
	for (let index = 0; index < document.length; index++) {
		const item = `${document.at(index)} `;
		const last = texts.length - 1;
		const text = texts[last] + item;
		if (text.length > LONGEST) texts.push(item);
		else texts[last] = text;
	}
	return texts;
};

/** The records that a board of this description keeps of its document: keys, and their most bytes. */
const rooms = (description: Description): Room[] => {
	const { lamp, actuators } = description;
	const names = [...actuators, ...(lamp ? [{ name: "lamp" }] : [])];
	const outputs = names.map(({ name }) => ({ name, dimmable: false }));
	const own = [{ name: storageFault }];
	const device = { name: "", sensor: {}, network: { signal: () => 0 } };
	const document = new Document(description, { device, outputs, own });
	const rooms: Room[] = [[KEY, encode(JSON.stringify({ t: document.topic })).byteLength]];
	packed(document).forEach((_, record) => rooms.push([PREFIX + record, LONGEST + 8]));
	return rooms;
};
