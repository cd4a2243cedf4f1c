/**
 * The Node side of a board in the XS worker: makes and calls instances of the served device's classes, and hands
 * their callbacks to the worker as events, in order and one at a time. What an event says is made true again when it leaves:
 * a count is the count of that moment, and a timer that was moved meanwhile does not fire. Has garbage collected while
 * nothing waits.
 */

import type { Device } from "../../modules/device/io.js";
import type { TimerHandle } from "../../modules/mqtt/io.js";
import { decode, encode, HEADER, Host, Instance, Kind, type Reference, Room } from "./channel.js";
import { make, shape } from "./provider.js";

type Served = { [name: string]: unknown };
type Callback = (...rest: unknown[]) => void;

export interface ServerOptions {
	/** In the place of the served device's. */
	readonly name?: string;
	/** Carries a command to the worker and brings back what it posted. */
	readonly send: (bytes: Uint8Array) => Promise<Uint8Array>;
	/** An exception left the board's code. */
	readonly onCrash: (line: string) => void;
	/** The board has ended as it was asked to. */
	readonly onClosed: () => void;
}

interface Event {
	readonly kind: number;
	/** Undefined when there is nothing to tell any more. */
	readonly values: () => unknown[] | undefined;
	/** The instance it comes from, 0 for a timer. */
	readonly owner: number;
}

/** What a socket last said, less what was taken since. */
interface Flow {
	readable: number;
	writable: number;
	/** The board has yet to hear that the connection stands; for it, it does not until then. */
	waiting: boolean;
}

/**
 * Commands between two collections. The worker's heap is sized for other uses: left to itself it collects 256 Ki slots and
 * 32 MiB of chunks at once, 20 to 25 ms in which no sample is taken. So much garbage takes it 1 ms.
 */
const LITTER = 64;

export class Server {
	readonly #device: Device;
	readonly #options: ServerOptions;
	readonly #instances = new Map<number, Served>();
	readonly #flows = new Map<number, Flow>();
	readonly #timers = new Map<number, TimerHandle>();
	/** By key, in the order of arrival: an event with the key of one that waits takes its place. */
	readonly #events = new Map<string, Event>();
	#unique = 0;
	/** Commands since the last collection. */
	#litter = 0;
	#busy = false;
	#closed = false;
	#settled: (() => void)[] = [];

	constructor(device: Device, options: ServerOptions) {
		this.#device = device;
		this.#options = options;
	}

	/** Resolves once the board's `main` has returned. */
	async boot(): Promise<void> {
		await this.#command(Kind.Boot, [shape(this.#device, this.#options.name)]);
	}
	/** Asks the board for its end; the answer is `onClosed`. */
	stop(): void {
		this.#push("stop", { kind: Kind.Stop, values: () => [], owner: 0 });
	}
	async collect(): Promise<void> {
		while (this.#busy || this.#events.size) await this.settled();
		await this.#collect();
	}
	/** Resolves when no event waits and none is being handled. */
	settled(): Promise<void> {
		if (this.#closed || (!this.#busy && !this.#events.size)) return Promise.resolve();
		return new Promise(resolve => this.#settled.push(resolve));
	}
	/** Power off: gives every instance and timer back to the device. Nothing is sent any more. */
	close(): void {
		if (this.#closed) return;
		this.#closed = true;
		this.#events.clear();
		for (const handle of this.#timers.values()) this.#device.timer.clear(handle);
		for (const instance of this.#instances.values()) (instance as { close?: () => void }).close?.();
		this.#instances.clear();
		this.#rest();
	}

	/** Answers what the worker sends in the middle of a command: any number of posts, and one call. */
	request(bytes: Uint8Array): Uint8Array {
		let status = 0;
		let results: unknown[] = [];
		try {
			// A worker that is being killed may still have asked.
			if (this.#closed) throw new Error("the power is off");
			results = this.#obey(bytes);
		} catch (error) {
			status = 1;
			results = [error instanceof Error ? error : new Error(String(error))];
		}
		return this.#stamp(encode(results, HEADER, nothing), status);
	}

	#obey(bytes: Uint8Array): unknown[] {
		const header = new DataView(bytes.buffer, bytes.byteOffset);
		let results: unknown[] = [];
		for (let at = 0; at < bytes.byteLength; ) {
			const length = header.getUint32(at);
			results = this.#call(header.getUint32(at + 4), bytes.subarray(at, at + length));
			at += length;
		}
		return results;
	}

	#call(id: number, bytes: Uint8Array): unknown[] {
		let filled: Uint8Array | undefined;
		let room: Room | undefined;
		const [method, ...rest] = decode(bytes, 8, value => {
			if (!(value instanceof Room)) return this.#callback(value, id);
			room = value;
			filled = new Uint8Array(value.byteLength);
			return filled;
		}) as [string, ...unknown[]];
		if (id === 0) return [this.#host(method, rest)];
		const result = this.#invoke(id, method, rest, filled !== undefined);
		return room && filled && typeof result === "number" ? [result, filled.subarray(0, result)] : [result];
	}

	#invoke(id: number, method: string, rest: unknown[], filling: boolean): unknown {
		const instance = this.#instances.get(id);
		if (!instance) throw new Error("closed");
		if (method.startsWith(Instance.Get)) return instance[method.slice(Instance.Get.length)];
		if (method.startsWith(Instance.Set)) {
			instance[method.slice(Instance.Set.length)] = rest[0];
			return undefined;
		}
		if (method === Instance.Keys) return [...(instance as unknown as Iterable<string>)];
		if (method === "write" && this.#flows.get(id)?.waiting) throw new Error("TCP: not connected yet");
		const called = instance[method];
		if (typeof called !== "function") throw new TypeError(`this host has no ${method} here`);
		const result = called.apply(instance, rest);
		this.#account(id, method, result, filling);
		if (method === "close") this.#forget(id);
		return result;
	}

	// What a socket said of its buffers was true before this call.
	#account(id: number, method: string, result: unknown, filling: boolean): void {
		const flow = this.#flows.get(id);
		if (!flow) return;
		if (method === "write") flow.writable = result as number;
		else if (method === "read" && result !== undefined)
			flow.readable -= result instanceof ArrayBuffer ? result.byteLength : filling ? (result as number) : 1;
	}

	#forget(id: number): void {
		this.#instances.delete(id);
		this.#flows.delete(id);
		for (const [key, event] of this.#events) if (event.owner === id) this.#events.delete(key);
	}

	#host(method: string, rest: unknown[]): unknown {
		const device = this.#device;
		if (method === Host.Arm) this.#arm(rest[0] as number, rest[1] as number, rest[2] as number);
		else if (method === Host.Disarm) this.#disarm(rest[0] as number);
		else if (method === Host.Construct) this.#construct(rest[0] as number, rest[1] as string, rest[2]);
		else if (method === Host.Trace) device.trace?.(rest[0] as string);
		else if (method === Host.Restart) device.restart?.();
		else if (method === Host.SetTime) device.clock.time = rest[0] as number;
		else if (method === Host.Partitions) return [...(device.flash ?? [])];
		else if (method === Host.Closed) this.#options.onClosed();
		else if (method === Host.Crash) this.#options.onCrash(rest[0] as string);
		return undefined;
	}

	#construct(id: number, kind: string, options: unknown): void {
		// Callbacks were decoded before the instance had its number.
		const flow: Flow = { readable: 0, writable: 0, waiting: true };
		const given = this.#own(options, id, kind.endsWith(" socket") ? flow : undefined);
		this.#instances.set(id, make(this.#device, kind, given) as Served);
		if (kind.endsWith(" socket")) this.#flows.set(id, flow);
	}

	// A function of the worker, as the served classes call it.
	#callback(reference: Reference, owner: number): Callback {
		const forward = (...rest: unknown[]) => {
			const key = `${++this.#unique}`;
			this.#push(key, { kind: Kind.Event, values: () => [reference.$callback, ...rest], owner });
		};
		return Object.assign(forward, { reference });
	}

	// The same for callbacks of an instance: those that tell a state wait once, and tell the state of the moment they leave.
	#own(options: unknown, owner: number, flow: Flow | undefined): unknown {
		if (typeof options !== "object" || options === null) return options;
		const given: Served = { ...options };
		if (flow) given.onWritable ??= () => {};
		for (const name of Object.keys(given)) {
			if (typeof given[name] !== "function") continue;
			const { reference } = given[name] as { reference?: Reference };
			const readable = name === "onReadable";
			const state = readable || name === "onWritable";
			given[name] = (...rest: unknown[]) => {
				const told = flow && state;
				if (told) flow[readable ? "readable" : "writable"] = rest[0] as number;
				const values = () => {
					if (told && !readable) flow.waiting = false;
					const list = told ? [readable ? flow.readable : flow.writable] : rest;
					if (!reference || (told && list[0] === 0)) return undefined;
					return [reference.$callback, ...list];
				};
				const key = state ? `${owner} ${name}` : `${++this.#unique}`;
				this.#push(key, { kind: Kind.Event, values, owner });
			};
		}
		return given;
	}

	#arm(id: number, delay: number, repeat: number): void {
		this.#disarm(id);
		if (this.#closed) return;
		const { timer } = this.#device;
		const fire = () => {
			if (repeat === 0) this.#timers.delete(id);
			this.#push(`timer ${id}`, { kind: Kind.Timer, values: () => [id], owner: 0 });
		};
		this.#timers.set(id, repeat === 0 ? timer.set(fire, delay) : timer.set(fire, delay, repeat));
	}
	#disarm(id: number): void {
		this.#device.timer.clear(this.#timers.get(id));
		this.#timers.delete(id);
		this.#events.delete(`timer ${id}`);
	}

	#push(key: string, event: Event): void {
		if (this.#closed) return;
		this.#events.set(key, event);
		if (!this.#busy) this.#pump();
	}

	#pump(): void {
		for (const [key, { kind, values }] of this.#events) {
			this.#events.delete(key);
			const list = values();
			if (!list) continue;
			// Its failure is the worker's end, of which the parent hears.
			this.#command(kind, list).catch(() => {});
			return;
		}
		if (this.#litter >= LITTER) this.#collect().catch(() => {});
		else this.#rest();
	}

	#collect(): Promise<void> {
		const collected = this.#command(Kind.Collect, []);
		this.#litter = 0;
		return collected;
	}

	async #command(kind: number, values: unknown[]): Promise<void> {
		this.#busy = true;
		this.#litter++;
		const posted = await this.#options.send(this.#stamp(encode(values, HEADER, nothing), kind));
		if (this.#closed) return;
		this.#obey(posted);
		this.#busy = false;
		this.#pump();
	}

	#stamp(bytes: Uint8Array, first: number): Uint8Array {
		const header = new DataView(bytes.buffer);
		header.setUint8(0, first);
		header.setInt32(4, this.#device.clock.ticks);
		header.setFloat64(8, this.#device.clock.time);
		return bytes;
	}

	#rest(): void {
		for (const resolve of this.#settled.splice(0)) resolve();
	}
}

const nothing = () => 0;
