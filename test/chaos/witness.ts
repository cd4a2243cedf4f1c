/**
 * What the board's flash says has become of each alert, read from the records themselves (store/SPEC.md) and not from
 * what the firmware believes: from each write as it is made, and from the whole partition after a power cut. Takes
 * the format of one record from modules/store, and nothing of how a journal is replayed, which is what is on trial.
 */

import { COPY, Frame, HEADER, Kind, sizeOf } from "../../modules/store/record.js";

export interface Alert {
	/** `<boot>-<seq>`. */
	readonly id: string;
	/** The alert's name: short enough that the key it is remembered under has all of it (memory.ts). */
	readonly rule: string;
	readonly state: string;
}

/** One record. `sequence` is the journal's number of a message. */
export type Fact =
	/** The board remembers this edge: as one that waits for the outbox, or as the one that its state comes from. */
	| ({ readonly what: "intended" } & Alert)
	| ({ readonly what: "queued"; readonly sequence: number; readonly copied: boolean } & Alert)
	| { readonly what: "sent"; readonly sequence: number; readonly packetIdentifier: number }
	| { readonly what: "released" | "quarantined"; readonly sequence: number }
	| { readonly what: "lamp"; readonly ver: number; readonly on: boolean };

const LONGEST = 4096;
const decoder = new TextDecoder("utf-8", { fatal: true });

/** Reads records; kept, because it has a record's room. */
export class Witness {
	readonly #frame = new Frame(LONGEST);

	/** The fact in bytes that start with a whole record, if they do and it is one that matters. */
	read(bytes: Uint8Array): Fact | undefined {
		const frame = this.#frame;
		if (bytes.byteLength < HEADER) return undefined;
		frame.bytes.set(bytes.subarray(0, HEADER));
		if (!frame.sound || sizeOf(frame.length, 1) > Math.min(bytes.byteLength, LONGEST)) return undefined;
		frame.bytes.set(bytes.subarray(0, sizeOf(frame.length, 1)));
		return frame.intact ? this.#fact() : undefined;
	}
	/** Every whole record of a partition, in no order: also those that were given up and not yet erased. */
	*scan(image: Uint8Array): Generator<Fact> {
		for (let at = 0; at + HEADER <= image.byteLength; at += 4) {
			const fact = this.read(image.subarray(at, at + LONGEST));
			if (fact) yield fact;
		}
	}

	#fact(): Fact | undefined {
		const { bytes, words, length } = this.#frame;
		const [first = 0, , sequence = 0, tag = 0] = words;
		const kind = first & 0x7f;
		const copied = (first & COPY) !== 0;
		const body = bytes.subarray(HEADER, HEADER + length);
		if (kind === Kind.message) {
			const size = (body[0] as number) | ((body[1] as number) << 8);
			const rule = /\/alerts\/([^/]+)$/.exec(decoder.decode(body.subarray(2, 2 + size)))?.[1];
			const alert = rule && alertOf(rule, decoder.decode(body.subarray(2 + size)));
			return alert ? { what: "queued", sequence, copied, ...alert } : undefined;
		}
		if (kind === Kind.status) return { what: "sent", sequence, packetIdentifier: tag & 0xffff };
		if (kind === Kind.released) return { what: "released", sequence };
		if (kind === Kind.aside) return { what: "quarantined", sequence };
		if (kind !== Kind.value) return undefined;
		const end = 1 + (body[0] as number);
		return value(decoder.decode(body.subarray(1, end)), decoder.decode(body.subarray(end)));
	}
}

/** What the board remembers under a key of its own. */
function value(key: string, text: string): Fact | undefined {
	const record = JSON.parse(text) as { readonly [name: string]: unknown };
	if (key === "o:lamp") return { what: "lamp", ver: record.ver as number, on: record.on === true };
	if (!key.startsWith("a:")) return undefined;
	const rule = key.slice(2);
	const { due, id, on } = record;
	// An edge that waits for room in the outbox; or the state that an edge has brought about, with that edge's id.
	if (typeof due === "object")
		return intended(rule, due as { readonly id?: unknown; readonly state?: unknown });
	return intended(rule, { id, state: on ? "ON" : "OFF" });
}

function intended(rule: string, edge: { readonly id?: unknown; readonly state?: unknown }): Fact | undefined {
	const alert = alertOf(rule, JSON.stringify(edge));
	return alert && { what: "intended", ...alert };
}

export function alertOf(rule: string, payload: string): Alert | undefined {
	try {
		const { id, state } = JSON.parse(payload) as { readonly id?: unknown; readonly state?: unknown };
		return typeof id === "string" && typeof state === "string" ? { id, rule, state } : undefined;
	} catch {
		return undefined;
	}
}
