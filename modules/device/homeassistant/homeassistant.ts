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
const Wait = Object.freeze({ minimum: 1000, range: 9000, again: 1000, arrived: 15_000 });

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
	/** Of the topic, and of the components that a board of this description has at most. */
	rooms(description: Description): Room[] {
		if (!wanted(description)) return [];
		const { lamp, actuators } = description;
		const names = [...actuators, ...(lamp ? [{ name: "lamp" }] : [])];
		const outputs = names.map(({ name }) => ({ name, dimmable: false }));
		const own = [{ name: storageFault }];
		const device = { name: "", sensor: {}, network: { signal: () => 0 } };
		const document = new Document(description, { device, outputs, own });
		const rooms: Room[] = [[KEY, encode(JSON.stringify({ t: document.topic })).byteLength]];
		packed(document).forEach((_, record) => rooms.push([PREFIX + record, LONGEST + 8]));
		return rooms;
	},
	heap: (description: Description) =>
		wanted(description) ? Heap.board + Heap.sensor * description.sensors.length : 0,
	make(board: Board): readonly Part[] {
		const { description, publisher } = board;
		if (description.homeAssistant && !wanted(description)) publisher.report("homeAssistant: off at AWS");
		return [new Discovery(board)];
	},
});

export default homeAssistant;

/** Home Assistant is at no broker of AWS's. */
const wanted = (description: Description): boolean =>
	Boolean(description.homeAssistant) && profileOf(description) !== "aws";

/** What the next turn does. */
const Turn = Object.freeze({
	/** Publishes the document. */
	Document: 0,
	/** The states of the board too: Home Assistant has started. */
	States: 1,
	/** The document was sent on this connection and has arrived: its components are stored. */
	Arrived: 2,
});

/** Keeps the document at the broker. */
export class Discovery implements Part {
	/** Home Assistant's own status. */
	readonly inbound: readonly Inbound[];
	private readonly board: Board;
	private document: Document | undefined;
	private readonly deadline: Deadline;
	private turn: number = Turn.Document;

	/** `random`: 0 up to 1. */
	constructor(board: Board, random = Math.random) {
		const document = documentOf(board);
		this.board = board;
		this.document = document;
		this.deadline = new Deadline(board.device.timer, this, this.next);
		const receive = (payload: Uint8Array) => {
			if (decode(payload) === "online") this.wait(Turn.States, Wait.minimum + random() * Wait.range);
		};
		this.inbound = document ? [{ topic: document.birth, QoS: 0, receive }] : [];
	}

	/** A connection stands: the document may have been lost with the broker, or be another one than it was. */
	online(): void {
		this.clearOld();
		if (this.document) this.wait(Turn.Document, 0);
	}

	/** A period is another one, say: so is the time after which a value expires. After the last of many changes. */
	configured(): void {
		if (!this.document) return;
		this.document = documentOf(this.board);
		this.wait(Turn.Document, Wait.again);
	}

	pressed(): void {
		const publisher = this.board.publisher;
		if (this.document) publisher.send(publisher.topic(topics.button), '{"event_type":"press"}');
	}

	/** For a board that is taken out of service. False when there is no room for it now. */
	clear(): boolean {
		this.close();
		if (this.document && !this.board.publisher.erase(this.document.topic)) return false;
		return this.clearOld() && this.forget();
	}

	close(): void {
		this.deadline.close();
	}

	private wait(turn: number, delay: number): void {
		// Until they were published, the states are still to be.
		if (this.turn !== Turn.States) this.turn = turn;
		this.deadline.set(delay);
	}

	private next(): void {
		const document = this.document;
		if (!document) return;
		if (this.turn === Turn.Arrived) this.store(document);
		else if (this.board.publisher.retaining) this.publish(document);
	}

	/** The document is made twice: once to be counted, once to be sent. It is never held whole. */
	private publish(document: Document): void {
		const removed = this.gone(document);
		let index = 0;
		const source = () => {
			const piece = document.piece(index++, removed);
			return piece === undefined ? undefined : encode(piece);
		};
		let byteLength = 0;
		for (let piece = source(); piece; piece = source()) byteLength += piece.byteLength;
		index = 0;
		const sent = this.board.publisher.stream(document.topic, byteLength, source);
		this.deadline.set(sent ? Wait.arrived : Wait.again);
		if (!sent) return;
		if (this.turn === Turn.States) this.board.announce();
		this.turn = Turn.Arrived;
	}

	/** What the broker has now is what is to be removed later. */
	private store(document: Document): void {
		const { memory, publisher, trying } = this.board;
		if (!publisher.online || trying) return;
		const texts = packed(document);
		texts.forEach((c, record) => this.put(PREFIX + record, { c }));
		memory.keys(PREFIX).forEach(key => {
			if (Number(key.slice(PREFIX.length)) >= texts.length) memory.delete(key);
		});
		this.put(KEY, { t: document.topic });
	}

	/** Flash is written only where it has another value. */
	private put(key: string, value: Values): void {
		const memory = this.board.memory;
		const text = JSON.stringify(value);
		if (JSON.stringify(memory.get(key)) !== text) memory.put(key, text);
	}

	/** Components of an earlier description: to be named with their platform only, until that has arrived. */
	private gone(document: Document): string[] {
		const memory = this.board.memory;
		const gone: string[] = [];
		if (memory.get(KEY).t !== document.topic) return gone;
		for (let record = 0; ; record++) {
			const c = memory.get(PREFIX + record).c;
			if (typeof c !== "string") return gone;
			const items = c.trim().split(" ");
			for (let index = 0; index < document.length; index++) {
				const at = items.indexOf(document.find(index).at);
				if (at >= 0) items.splice(at, 1);
			}
			gone.push(...items);
		}
	}

	/** The document of another id or prefix, or one that is not wanted any more. */
	private clearOld(): boolean {
		const { memory, publisher, trying } = this.board;
		const topic = memory.get(KEY).t;
		if (typeof topic !== "string" || topic === this.document?.topic || trying) return true;
		return publisher.erase(topic) && this.forget();
	}

	private forget(): boolean {
		const memory = this.board.memory;
		// `KEY` itself begins so too.
		memory.keys(KEY).forEach(key => memory.delete(key));
		return true;
	}
}

/** Of the description as it is now; none where Home Assistant is not wanted. */
const documentOf = (board: Board): Document | undefined => {
	const description = board.description;
	return wanted(description) ? new Document(description, board) : undefined;
};

/** Platforms and keys of all components, as many in a text as a record takes. */
const packed = (document: Document): string[] => {
	const texts = [""];
	for (let index = 0; index < document.length; index++) {
		const item = `${document.find(index).at} `;
		const last = texts.length - 1;
		const text = texts[last] + item;
		if (text.length > LONGEST) texts.push(item);
		else texts[last] = text;
	}
	return texts;
};
