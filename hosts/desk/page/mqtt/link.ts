/**
 * One MQTT client that stays connected, of the page or of the desk: the firmware's own (modules/mqtt), with what ECMA-419
 * §25 leaves out and a page needs: it connects again, subscribes again, and tells what became of each publish. It keeps no publish over
 * a lost connection: the page says so, and the person decides. The durable session is modules/session's, on the boards.
 */

import MQTTClient from "../../../../modules/mqtt/client.js";
import type { ControlMessage, MQTTClientOptions, ReadableOptions } from "../../../../modules/mqtt/io.js";
import { reasonOf } from "./refusal.js";
import { timer } from "./timer.js";

export interface Message {
	readonly topic: string;
	/** At most as many bytes of it as the link keeps. */
	readonly payload: Uint8Array;
	readonly byteLength: number;
	readonly QoS: number;
	/** As delivered: set for what the broker had kept. */
	readonly retain: boolean;
	readonly duplicate: boolean;
	readonly id: number;
	/** Milliseconds since 1970, when it arrived here. */
	readonly at: number;
}

export type LinkState = "off" | "connecting" | "online" | "waiting";

/** Where the broker is, and over which classes. */
export type Through = Pick<MQTTClientOptions, "socket" | "dns" | "host" | "port" | "user" | "password">;

export interface LinkOptions {
	readonly through: Through;
	readonly id: string;
	readonly clean?: boolean;
	/** Try again when the connection is lost; true if not given. */
	readonly lasting?: boolean;
	/** Bytes of a payload that are kept; 64 KiB if not given. */
	readonly kept?: number;
	/** Milliseconds at most before the next try. */
	readonly patience?: number;
	readonly onMessage: (message: Message) => void;
	readonly onState?: (state: LinkState, detail: { sessionPresent?: boolean; reason?: string }) => void;
}

export interface PublishOptions {
	readonly QoS?: number;
	readonly retain?: boolean;
	/** The broker has it (QoS 0: it is sent), or why not. */
	readonly onDone?: (error?: string) => void;
}

const KEPT = 1 << 16;
/** A browser may call a page in the background once a minute. */
const KEEP_ALIVE = 180_000;
const AGAIN = [300, 1000, 2000, 5000];

interface Job {
	/** Writes, and returns false where there is no room yet. */
	readonly run: (client: MQTTClient) => boolean;
	readonly onFailed: (reason: string) => void;
}

interface Waiting {
	readonly operation: number;
	readonly done: (error: string | undefined, codes?: readonly number[]) => void;
}

export class Link {
	readonly #options: LinkOptions;
	readonly #filters = new Map<string, number>();
	/** Asked for while there was no connection: no session knows them. */
	readonly #fresh = new Set<string>();
	readonly #granted = new Map<string, (code: number | undefined) => void>();
	#client: MQTTClient | undefined;
	#state: LinkState = "off";
	#jobs: Job[] = [];
	#waiting = new Map<number, Waiting>();
	#last = 0;
	#tries = 0;
	#retry: ReturnType<typeof setTimeout> | undefined;
	#room = 0;
	#message: { -readonly [Key in keyof Message]: Message[Key] } | undefined;
	#filled = 0;

	constructor(options: LinkOptions) {
		this.#options = options;
	}

	get state(): LinkState {
		return this.#state;
	}
	get filters(): ReadonlyMap<string, number> {
		return this.#filters;
	}

	connect(): void {
		if (this.#client) return;
		clearTimeout(this.#retry);
		this.#tell("connecting", {});
		const link = this;
		this.#client = new MQTTClient({
			...this.#options.through,
			id: this.#options.id,
			clean: this.#options.clean ?? true,
			keepAlive: KEEP_ALIVE,
			timer,
			onControl(operation, message) {
				link.#control(operation, message);
			},
			onReadable(count, options) {
				link.#readable(this, count, options);
			},
			onWritable(count) {
				link.#room = count;
				link.#work();
			},
			onError: error => this.#lost(reasonOf(error)),
		});
	}

	/** A DISCONNECT, and no more tries. */
	disconnect(): void {
		clearTimeout(this.#retry);
		const client = this.#client;
		if (client && this.#state === "online")
			try {
				client.write(undefined, { operation: 14 });
			} catch {
				// No room: it ends without.
			}
		client?.close();
		this.#lost("disconnected", false);
	}

	/**
	 * `done` gets the code of SUBACK (0 to 2: granted; 128: refused), each time it is subscribed anew. `known`: a session
	 * of before may have it.
	 */
	subscribe(
		filter: string,
		QoS: number,
		done: (code: number | undefined) => void = () => {},
		known = false,
	): void {
		this.#filters.set(filter, QoS);
		this.#granted.set(filter, done);
		if (this.#state === "online") this.#subscribe(filter);
		else if (!known) this.#fresh.add(filter);
	}

	unsubscribe(filter: string): void {
		this.#granted.delete(filter);
		this.#fresh.delete(filter);
		if (!this.#filters.delete(filter) || this.#state !== "online") return;
		this.#job(client => {
			const id = this.#identifier();
			client.write(undefined, { operation: 10, id, items: [{ topic: filter }] });
			this.#waiting.set(id, { operation: 11, done: () => {} });
			return true;
		});
	}

	publish(
		topic: string,
		payload: Uint8Array,
		{ QoS = 0, retain = false, onDone }: PublishOptions = {},
	): void {
		if (this.#state !== "online") {
			onDone?.("not connected");
			return;
		}
		let offset = -1;
		this.#job(
			client => {
				if (offset < 0) {
					// The header goes first, with as much as there is room for.
					const room = this.#room - topic.length * 3 - 16;
					if (room < Math.min(payload.byteLength, 1)) return false;
					const part = payload.subarray(0, Math.min(room, payload.byteLength));
					const id = QoS ? this.#identifier() : undefined;
					this.#room = client.write(part, {
						topic,
						QoS,
						retain,
						byteLength: payload.byteLength,
						...(id && { id }),
					});
					offset = part.byteLength;
					const done = (error?: string) => onDone?.(error);
					if (id) this.#waiting.set(id, { operation: QoS === 1 ? 4 : 7, done });
				}
				while (offset < payload.byteLength) {
					const part = payload.subarray(offset, offset + this.#room);
					if (part.byteLength === 0) return false;
					this.#room = client.write(part);
					offset += part.byteLength;
				}
				if (!QoS) onDone?.();
				return true;
			},
			reason => onDone?.(reason),
		);
	}

	#job(run: Job["run"], onFailed: Job["onFailed"] = () => {}): void {
		this.#jobs.push({ run, onFailed });
		this.#work();
	}

	#work(): void {
		while (this.#state === "online" && this.#jobs.length && this.#client) {
			const job = this.#jobs[0] as Job;
			try {
				if (!job.run(this.#client)) return;
			} catch (error) {
				job.onFailed((error as Error).message);
			}
			this.#jobs.shift();
		}
	}

	#identifier(): number {
		do this.#last = (this.#last % 65_535) + 1;
		while (this.#waiting.has(this.#last));
		return this.#last;
	}

	#subscribe(filter: string): void {
		this.#job(client => {
			const id = this.#identifier();
			const items = [{ topic: filter, QoS: this.#filters.get(filter) ?? 0 }];
			client.write(undefined, { operation: 8, id, items });
			const done = (_error: string | undefined, codes?: readonly number[]) =>
				this.#granted.get(filter)?.(codes?.[0]);
			this.#waiting.set(id, { operation: 9, done });
			return true;
		});
	}

	#control(operation: number, message: ControlMessage): void {
		if (operation === 2) {
			if (message.returnCode) return;
			this.#tries = 0;
			const { sessionPresent = false } = message;
			this.#tell("online", { sessionPresent });
			// The broker knows the filters of a session that is present; subscribed again it would send what it keeps again.
			for (const filter of this.#filters.keys())
				if (!sessionPresent || this.#fresh.has(filter)) this.#subscribe(filter);
			this.#fresh.clear();
			return;
		}
		const { id } = message;
		const waiting = id === undefined ? undefined : this.#waiting.get(id);
		if (!waiting || waiting.operation !== operation || id === undefined) return;
		this.#waiting.delete(id);
		waiting.done(undefined, message.payload);
	}

	#readable(client: MQTTClient, count: number, options: ReadableOptions): void {
		if (options.topic !== undefined) {
			const { topic, byteLength = 0, QoS = 0, retain = false, duplicate = false, id = 0 } = options;
			const payload = new Uint8Array(Math.min(byteLength, this.#options.kept ?? KEPT));
			this.#message = { topic, payload, byteLength, QoS, retain, duplicate, id, at: Date.now() };
			this.#filled = 0;
		}
		const message = this.#message;
		if (!message) return;
		let rest = count;
		const kept = Math.min(rest, message.payload.byteLength - this.#filled);
		if (kept > 0) {
			client.read(message.payload.subarray(this.#filled, this.#filled + kept));
			this.#filled += kept;
			rest -= kept;
		}
		while (rest > 0) rest -= client.read(Math.min(rest, KEPT))?.byteLength ?? rest;
		if (options.more) return;
		this.#message = undefined;
		this.#options.onMessage(message);
	}

	#lost(reason: string, again = this.#options.lasting ?? true): void {
		this.#client = undefined;
		this.#message = undefined;
		this.#room = 0;
		const jobs = this.#jobs;
		const waiting = this.#waiting;
		this.#jobs = [];
		this.#waiting = new Map();
		for (const job of jobs) job.onFailed("connection lost");
		for (const { done } of waiting.values()) done("connection lost");
		this.#tell(again ? "waiting" : "off", { reason });
		if (again) this.#retry = setTimeout(() => this.connect(), this.#pause());
	}

	#pause(): number {
		return Math.min(AGAIN[this.#tries++] ?? 5000, this.#options.patience ?? 5000);
	}

	#tell(state: LinkState, detail: { sessionPresent?: boolean; reason?: string }): void {
		if (state === "off" && this.#state === "off") return;
		this.#state = state;
		this.#options.onState?.(state, detail);
	}
}
