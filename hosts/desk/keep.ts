/**
 * What the desk's broker holds, in a file, for `--keep`: retained messages, and the subscriptions and waiting messages of
 * persistent sessions. Written whole every few seconds and at the end, as brokers do that save from time to time: what came
 * after the last save is not known again after a loss of power.
 */

import { readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Aedes } from "aedes";

interface Packet {
	readonly topic: string;
	readonly payload: Buffer;
	readonly qos: 0 | 1 | 2;
	readonly retain: boolean;
}

interface Filter {
	readonly topic: string;
	readonly qos: number;
}

/** Of Aedes' persistence, as far as it is needed; its types leave it out. */
interface Persistence {
	createRetainedStream(pattern: string): AsyncIterable<Packet>;
	storeRetained(packet: object): Promise<void>;
	subscriptionsByClient(client: { readonly id: string }): Promise<readonly Filter[]>;
	addSubscriptions(client: { readonly id: string }, filters: readonly Filter[]): Promise<void>;
	outgoingStream(client: { readonly id: string }): AsyncIterable<Packet>;
	outgoingEnqueue(subscription: object, packet: object): Promise<void>;
}

interface Stored {
	readonly topic: string;
	/** Base64. */
	readonly payload: string;
	readonly qos: 0 | 1 | 2;
	readonly retain: boolean;
}

interface Kept {
	readonly retained: readonly Stored[];
	readonly sessions: readonly {
		readonly id: string;
		readonly filters: readonly Filter[];
		readonly waiting: readonly Stored[];
	}[];
}

export function persistenceOf(aedes: Aedes): Persistence {
	return (aedes as unknown as { persistence: Persistence }).persistence;
}

/** Writes what the broker holds; `ids` are of the clients with persistent sessions. */
export async function save(aedes: Aedes, ids: Iterable<string>, file: string): Promise<void> {
	const persistence = persistenceOf(aedes);
	const retained: Stored[] = [];
	for await (const packet of persistence.createRetainedStream("#")) retained.push(stored(packet));
	const sessions = [];
	for (const id of ids) {
		const filters = (await persistence.subscriptionsByClient({ id })) ?? [];
		const waiting: Stored[] = [];
		for await (const packet of persistence.outgoingStream({ id })) waiting.push(stored(packet));
		sessions.push({ id, filters: filters.map(({ topic, qos }) => ({ topic, qos })), waiting });
	}
	const kept: Kept = { retained, sessions };
	writeFileSync(`${file}.new`, JSON.stringify(kept), { mode: 0o600, flush: true });
	renameSync(`${file}.new`, file);
}

/** Puts it back; the ids of the sessions. Nothing where there is no file. Throws for a file that is none of ours. */
export async function restore(aedes: Aedes, file: string): Promise<string[]> {
	let text: string;
	try {
		text = readFileSync(file, "utf8");
	} catch (error) {
		if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
		throw error;
	}
	const { retained, sessions } = JSON.parse(text) as Kept;
	const persistence = persistenceOf(aedes);
	for (const packet of retained) await persistence.storeRetained(packetOf(packet, aedes));
	for (const { id, filters, waiting } of sessions) {
		if (filters.length) await persistence.addSubscriptions({ id }, filters);
		for (const packet of waiting)
			await persistence.outgoingEnqueue(
				{ clientId: id, topic: packet.topic, qos: packet.qos },
				packetOf(packet, aedes),
			);
	}
	return sessions.map(({ id }) => id);
}

function stored({ topic, payload, qos, retain }: Packet): Stored {
	return { topic, payload: Buffer.from(payload).toString("base64"), qos, retain };
}

let counter = 0;

function packetOf({ topic, payload, qos, retain }: Stored, { id }: Aedes) {
	return {
		cmd: "publish",
		topic,
		payload: Buffer.from(payload, "base64"),
		qos,
		retain,
		dup: false,
		brokerId: id,
		brokerCounter: ++counter,
	};
}
