/**
 * What is measured: the messages and packets that all clients are given, and how a file of `clients/` offers
 * its scenarios to the harness. Every client is driven by the same code. Runs inside the XS engine.
 */

import { encode } from "../../modules/mqtt/codec.js";
import { clock } from "./clock.js";
import { Net, Segment } from "./socket.js";

/** 32 bytes each. */
export const TOPIC = "factory/1/machine/2/measurements";
export const OTHER = "factory/1/machine/2/temperatures";
/** The topic of a whole firmware's measurements, and the wall time at ticks 0. */
export const MEASUREMENTS = "factory/1/machine/bench-1/measurements/temp";
export const TIME = 1_790_000_000_000;
export const HOST = "broker.example";
export const ID = "machine-2";
export const KEEP_ALIVE = 60_000;

/** Of the same length too. */
export const TOPICS: readonly string[] = Array.from(
	{ length: 8 },
	(_, i) => `factory/1/machine/2/measurement${i}`,
);

/** What a sensor with one decimal says: 44 to 47 bytes. */
export const varying: readonly Uint8Array[] = ["1.5", "21.4", "-10.3", "-110.3"].map(v =>
	encode(`{"v":${v},"ts":179000000,"tsq":"ntp","seq":7}`),
);

export const payload = new Uint8Array(64).fill(120);
/** Written in three fragments: a window of an ESP32's TCP is about 5.7 KB. */
export const large = new Uint8Array(16_384).fill(121);
export const fragments = [large.subarray(0, 5_632), large.subarray(5_632, 11_264), large.subarray(11_264)];

export const connack = new Segment(Uint8Array.of(0x20, 2, 0, 0));
export const pong = new Segment(Uint8Array.of(0xd0, 0));
export const ping = Uint8Array.of(0xc0, 0);
export const puback = Uint8Array.of(0x40, 2, 0, 9);
export const acknowledgement = new Segment(puback);
/** Of this id and keep-alive. */
export const connectPacket = Uint8Array.of(0x10, 21, 0, 4, 77, 81, 84, 84, 4, 2, 0, 60, 0, 9, ...encode(ID));

/** Readings of a sensor with one decimal, whose text is three to five characters long. */
export function readings(): () => number {
	const values = [21.4, 9.7, -10.3, 21.5];
	let round = 0;
	return () => values[round++ & 3] as number;
}

/** A PUBLISH packet. */
export function packet(topic: string, QoS: number, body: Uint8Array): Uint8Array {
	const name = encode(topic);
	const length = 2 + name.byteLength + (QoS ? 2 : 0) + body.byteLength;
	const bytes = [0x30 | (QoS << 1)];
	let rest = length;
	for (; rest > 127; rest >>= 7) bytes.push((rest & 127) | 128);
	bytes.push(rest, 0, name.byteLength, ...name);
	if (QoS) bytes.push(0, 9);
	return Uint8Array.from([...bytes, ...body]);
}

export const message0 = new Segment(packet(TOPIC, 0, payload));
export const message1 = new Segment(packet(TOPIC, 1, payload));
/** Ten messages at once. */
export const ten = new Segment(Uint8Array.from(Array.from({ length: 10 }, () => [...message0.bytes]).flat()));
/** 16 KiB, in segments of 1440 bytes as they come from an ESP32's network. */
export const sixteen: readonly Segment[] = split(packet(TOPIC, 0, large), 1_440);

function split(bytes: Uint8Array, size: number): Segment[] {
	const segments: Segment[] = [];
	for (let offset = 0; offset < bytes.byteLength; offset += size)
		segments.push(new Segment(bytes.slice(offset, offset + size)));
	return segments;
}

/** How a client is told that bytes are there. */
export interface Ear {
	/** Called on nothing, as a socket of C calls what its constructor was given. */
	readonly hear: (word: number) => void;
	/** What it is told; the number of bytes when missing. */
	readonly word?: number;
	/** Part of the work waits for a timer. */
	readonly late?: boolean;
}

/** `segment` arrives. */
export function arrival(net: Net, segment: Segment, { hear, word = segment.size, late }: Ear): () => void {
	net.load(segment);
	if (late)
		return () => {
			net.offset = 0;
			hear(word);
			clock.flush();
		};
	return () => {
		net.offset = 0;
		hear(word);
	};
}

/** 16 KiB arrive. */
export function flood(net: Net, { hear, word, late }: Ear): () => void {
	return () => {
		for (let i = 0; i < sixteen.length; i++) {
			const segment = sixteen[i] as Segment;
			net.load(segment);
			hear(word ?? segment.size);
			if (late) clock.flush();
		}
	};
}

/** A message arrives byte by byte. */
export function dribble(net: Net, { hear, word = 1, late }: Ear): () => void {
	const { size } = message0;
	net.load(message0);
	return () => {
		net.offset = 0;
		for (let end = 1; end <= size; end++) {
			net.end = end;
			hear(word);
		}
		if (late) clock.flush();
	};
}

/** A minute passes; what is sent is a PINGREQ, and answered. */
export function minute(net: Net, { hear, word = pong.size }: Ear): () => void {
	return () => {
		let written = net.writes;
		clock.minute(() => {
			clock.flush();
			if (net.writes === written) return;
			written = net.writes;
			net.load(pong);
			hear(word);
		});
	};
}

/** Makes the function that is measured, over a network of its own. */
export type Scenario = (net: Net) => () => void;

export interface Scenarios {
	readonly publish0?: Scenario;
	readonly "publish0-alternating"?: Scenario;
	/** JSON of 44 to 47 bytes, each of another length than the one before. */
	readonly "publish0-vary"?: Scenario;
	/** Eight topics in turn. */
	readonly "publish0-topics8"?: Scenario;
	/** With the PUBACK that comes back. */
	readonly publish1?: Scenario;
	readonly receive0?: Scenario;
	/** With the PUBACK that goes out. */
	readonly receive1?: Scenario;
	readonly segment10?: Scenario;
	readonly out16k?: Scenario;
	readonly in16k?: Scenario;
	/** A message, one byte per event. */
	readonly dribble?: Scenario;
	/** A minute of a connection with a keep-alive of one minute. */
	readonly idle?: Scenario;
	/** From the constructor to CONNACK, and close. */
	readonly connect?: Scenario;
}

/** A client that is told what to send as ECMA-419 §25 has it. */
interface Publisher {
	write(data: Uint8Array, options?: object): number;
}

/** What goes out, over any client of §25. */
export function publishing(connected: (net: Net) => Publisher) {
	return {
		publish0(net: Net) {
			const client = connected(net);
			const options = { topic: TOPIC };
			return () => {
				client.write(payload, options);
			};
		},
		"publish0-alternating"(net: Net) {
			const client = connected(net);
			const options = { topic: TOPIC };
			const other = { topic: OTHER };
			let round = 0;
			return () => {
				client.write(payload, round++ & 1 ? other : options);
			};
		},
		"publish0-vary"(net: Net) {
			const client = connected(net);
			const options = { topic: TOPIC };
			let round = 0;
			return () => {
				client.write(varying[round++ & 3] as Uint8Array, options);
			};
		},
		"publish0-topics8"(net: Net) {
			const client = connected(net);
			const all = TOPICS.map(topic => ({ topic }));
			let round = 0;
			return () => {
				client.write(payload, all[round++ & 7]);
			};
		},
		publish1(net: Net) {
			const client = connected(net);
			// As modules/session does, which keeps account of identifiers itself.
			const options = { topic: TOPIC, QoS: 1, id: 9 };
			const hear = net.socket.onReadable;
			net.load(acknowledgement);
			return () => {
				client.write(payload, options);
				net.offset = 0;
				hear(4);
			};
		},
	};
}

/** The exports of a file whose scenarios bring their own network. */
export function plain(
	scenarios: { readonly [name: string]: () => () => void },
	net: { writes: number },
	off: () => void,
) {
	const scenario = (name: string) => {
		off();
		return (scenarios[name] as () => () => void)();
	};
	return {
		list: () => Object.keys(scenarios),
		scenario,
		/** Writes to the socket in a round: the mean of four, after two. */
		writes(name: string): number {
			const step = scenario(name);
			for (let i = 0; i < 2; i++) step();
			const before = net.writes;
			for (let i = 0; i < 4; i++) step();
			return (net.writes - before) / 4;
		},
	};
}

/** The exports of a client's file. */
export function stage(scenarios: Scenarios) {
	const find = (name: string) => {
		const scenario = scenarios[name as keyof Scenarios];
		if (!scenario) throw new Error(`no scenario ${name}`);
		return scenario;
	};
	const begin = (name: string, net: Net) => {
		clock.reset();
		return find(name)(net);
	};
	return {
		list: () => Object.keys(scenarios),
		/** To be measured. */
		scenario: (name: string) => begin(name, new Net()),
		/** Writes to the socket in twelve rounds, after three. */
		writes(name: string): number {
			const net = new Net();
			const step = begin(name, net);
			for (let i = 0; i < 3; i++) step();
			const before = net.writes;
			for (let i = 0; i < 12; i++) step();
			return (net.writes - before) / 12;
		},
	};
}
