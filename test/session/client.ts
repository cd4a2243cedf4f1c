/**
 * A scripted MQTT client class (ECMA-419 §25 with our extensions) for tests of the session: records what is
 * written, and does what the test says. Obeys the standard where a session could lean on it: no callback inside a
 * method, none after close, writes before CONNACK or beyond the room throw. No sockets, no bytes.
 */

import type { ControlMessage, ReadableOptions, WriteOptions } from "../../modules/mqtt/io.js";
import type { Client, ClientClass, ClientOptions } from "../../modules/session/options.js";

export interface Written {
	readonly operation: number;
	readonly id?: number;
	readonly topic?: string;
	readonly text?: string;
	readonly QoS?: number;
	readonly retain?: boolean;
	readonly duplicate?: boolean;
	readonly items?: readonly string[];
}

const PUBLISH = 3;
const names = [
	"",
	"CONNECT",
	"CONNACK",
	"PUBLISH",
	"PUBACK",
	"PUBREC",
	"PUBREL",
	"PUBCOMP",
	"SUBSCRIBE",
	"SUBACK",
	"UNSUBSCRIBE",
	"UNSUBACK",
	"PINGREQ",
	"PINGRESP",
	"DISCONNECT",
];

export class ScriptedClient implements Client {
	static readonly CONNACK = 2;
	static readonly PUBACK = 4;
	static readonly PUBREC = 5;
	static readonly PUBREL = 6;
	static readonly PUBCOMP = 7;
	static readonly SUBSCRIBE = 8;
	static readonly SUBACK = 9;
	static readonly DISCONNECT = 14;

	readonly options: ClientOptions;
	readonly written: Written[] = [];
	/** Bytes that may be written; tests lower it. */
	room = 1_000_000;
	connected = false;
	closed = false;
	/** A callback is on the stack. */
	inside = false;
	#message: Uint8Array | undefined;
	#offset = 0;
	#available = 0;
	/** The PUBLISH that is written in fragments. */
	#parts: { message: WriteOptions; missing: number; bytes: number[] } | undefined;

	constructor(options: ClientOptions) {
		this.options = options;
	}

	// What the session calls

	read(buffer: ArrayBuffer | ArrayBufferView): number | undefined {
		if (this.closed) throw new Error("closed");
		if (!this.#message || this.#available === 0) return undefined;
		const target = buffer as Uint8Array;
		const length = Math.min(target.byteLength, this.#available);
		target.set(this.#message.subarray(this.#offset, this.#offset + length));
		this.#offset += length;
		this.#available -= length;
		return length;
	}
	write(data: ArrayBuffer | ArrayBufferView | undefined, options?: WriteOptions): number {
		if (this.closed) throw new Error("write: closed");
		if (!this.connected) throw new Error("write: not connected");
		const bytes = data as Uint8Array | undefined;
		if (this.#parts) return this.#part(bytes as Uint8Array, options);
		if (!options) throw new Error("write: expected options");
		const { operation = PUBLISH, id, topic, QoS, retain, duplicate, items } = options;
		const length = bytes?.byteLength ?? 0;
		const size = operation === PUBLISH ? 5 + Buffer.byteLength(topic ?? "") + (QoS ? 2 : 0) + length : 4;
		if (size > this.room) throw new Error("write: no room");
		this.room -= size;
		if (operation === PUBLISH && options.byteLength !== undefined && options.byteLength > length) {
			this.#parts = {
				message: { ...options },
				missing: options.byteLength - length,
				bytes: [...(bytes ?? [])],
			};
			return this.room;
		}
		this.written.push({
			operation,
			...(id && operation !== PUBLISH ? { id } : undefined),
			...(operation === PUBLISH
				? {
						...(QoS ? { id: id as number } : undefined),
						topic: topic ?? "",
						text: Buffer.from(bytes ?? []).toString(),
						QoS: QoS ?? 0,
						retain: retain ?? false,
						duplicate: duplicate ?? false,
					}
				: undefined),
			...(items ? { items: items.map(item => item.topic) } : undefined),
		});
		return this.room;
	}
	close(): void {
		this.closed = true;
	}
	#part(bytes: Uint8Array, options: WriteOptions | undefined): number {
		const parts = this.#parts;
		if (!parts || options) throw new Error("write: expected the next fragment, without options");
		if (bytes.byteLength > parts.missing) throw new RangeError("write: too many bytes");
		if (bytes.byteLength > this.room) throw new Error("write: no room");
		this.room -= bytes.byteLength;
		parts.bytes.push(...bytes);
		parts.missing -= bytes.byteLength;
		if (parts.missing === 0) {
			this.#parts = undefined;
			const { id, topic = "", QoS = 0, retain = false, duplicate = false } = parts.message;
			const text = Buffer.from(parts.bytes).toString();
			this.written.push({ operation: PUBLISH, ...(id ? { id } : {}), topic, text, QoS, retain, duplicate });
		}
		return this.room;
	}

	// What the test calls: what the network and the broker do

	/** CONNACK. */
	accept(sessionPresent = false, returnCode = 0): void {
		this.connected = returnCode === 0;
		this.control({ operation: 2, sessionPresent, returnCode });
		if (returnCode) this.fail(4);
		else this.writable(this.room);
	}
	control(message: ControlMessage): void {
		this.#call(() => this.options.onControl(message.operation, message));
	}
	/** SUBACK for every SUBSCRIBE that has none; `code` decides for each filter. */
	grant(code: (topic: string) => number = () => 1): void {
		for (let i = 0; i < this.written.length; i++) {
			const { operation, id, items = [] } = this.written[i] as Written;
			if (operation !== 8 || id === undefined || this.#granted.has(i)) continue;
			this.#granted.add(i);
			this.control({ operation: 9, id, payload: items.map(code) });
		}
	}
	#granted = new Set<number>();
	/** PUBACK for one message, or for all that have none. */
	acknowledge(packetIdentifier?: number): void {
		if (packetIdentifier !== undefined) this.control({ operation: 4, id: packetIdentifier });
		for (let i = 0; packetIdentifier === undefined && i < this.written.length; i++) {
			const { operation, QoS, id } = this.written[i] as Written;
			if (operation !== PUBLISH || !QoS || this.#acknowledged.has(i)) continue;
			this.#acknowledged.add(i);
			this.control({ operation: 4, id: id as number });
		}
	}
	#acknowledged = new Set<number>();
	/** A message arrives, in fragments of at most `fragment` bytes. What follows an unread one waits, as in the client. */
	deliver(topic: string, text: string, options: Partial<ReadableOptions> = {}, fragment = 1_000_000): void {
		const bytes = new Uint8Array(Buffer.from(text));
		const QoS = options.QoS ?? 0;
		for (let start = 0; start === 0 || start < bytes.byteLength; start += fragment) {
			const part = bytes.subarray(start, start + fragment);
			const more = start + part.byteLength < bytes.byteLength;
			const first = { topic, byteLength: bytes.byteLength, retain: false, duplicate: false, ...options, QoS };
			this.#parcels.push({ part, message: start === 0 ? { ...first, more } : { more } });
		}
		this.#announce();
	}
	readonly #parcels: { part: Uint8Array; message: ReadableOptions }[] = [];
	/** Messages, or fragments of them, that no callback has told. */
	get unannounced(): number {
		return this.#parcels.length;
	}
	#announce(): void {
		while (this.#available === 0 && !this.closed) {
			const parcel = this.#parcels.shift();
			if (!parcel) return;
			this.#message = parcel.part;
			this.#offset = 0;
			this.#available = parcel.part.byteLength;
			this.#call(() => this.options.onReadable(parcel.part.byteLength, parcel.message));
		}
	}
	writable(room: number): void {
		this.room = room;
		this.#call(() => this.options.onWritable(room));
		this.#announce();
	}
	/** The connection ends; as the client does it, closed first. 2 is "disconnected". */
	fail(code: number | undefined = 2): void {
		if (this.closed) return;
		this.closed = true;
		this.inside = true;
		this.options.onError(code === undefined ? undefined : { code });
		this.inside = false;
	}
	#call(callback: () => void): void {
		if (this.closed) return;
		this.inside = true;
		callback();
		this.inside = false;
	}

	/** Everything written, one line each, as the tests compare it. */
	get lines(): string[] {
		return this.written.map(line);
	}
	/** The lines since the last call. */
	take(): string[] {
		this.#granted.clear();
		this.#acknowledged.clear();
		return this.written.splice(0).map(line);
	}
}

function line({ operation, id, topic, text, QoS, retain, duplicate, items }: Written): string {
	if (operation !== PUBLISH)
		return [names[operation], id, ...(items ?? [])].filter(part => part !== undefined).join(" ");
	const flags = `${QoS}${retain ? "r" : ""}${duplicate ? "d" : ""}`;
	return `${topic} ${flags}${id ? ` #${id}` : ""} ${text}`.trimEnd();
}

/** A class of scripted clients of its own, and the clients that were made of it. */
export function clients(): { io: ClientClass; made: ScriptedClient[] } {
	const made: ScriptedClient[] = [];
	class Scripted extends ScriptedClient {
		constructor(options: ClientOptions) {
			super(options);
			made.push(this);
		}
	}
	return { io: Scripted as unknown as ClientClass, made };
}
