/**
 * A board without a world: simulated time, a session that notes what it is given and plays what a broker sends, pins that
 * remember every level, memory and outbox that outlive the board. Nothing here waits.
 */

import Board from "../../modules/device/board.js";
import { check, type Description, line } from "../../modules/device/description/description.js";
import { words } from "../../modules/device/description/schema.js";
import type {
	CertificateRequestClass,
	Clock,
	Device,
	Digital,
	DigitalClass,
	DigitalOptions,
	KeyValueDomain,
	Sample,
	SensorDriver,
} from "../../modules/device/io.js";
import { openStorage, type Storage } from "../../modules/device/memory.js";
import type { StoredProvision } from "../../modules/device/provisioning/trial.js";
import { type Feature, roomFor } from "../../modules/device/start.js";
import { decode, encode } from "../../modules/mqtt/codec.js";
import type { Timer, TimerHandle } from "../../modules/mqtt/io.js";
import type {
	Outbox,
	PublishOptions,
	Received,
	SessionOptions,
	UserOptions,
} from "../../modules/session/options.js";
import { Outcome } from "../../modules/session/outcomes.js";
import { Queue } from "../../modules/session/queue.js";
import type { SessionLike } from "../../modules/session/session.js";
import { TestClock } from "../clock.js";
import { TestFlash } from "../flash.js";

export interface Published extends PublishOptions {
	/** Below `<root>/<id>/`. */
	readonly topic: string;
	readonly payload: string;
}

export const BASE = "r/b/";
/** What a test's description need not say: a board that takes every command. */
const base = { root: "r", id: "b", commands: words };
export const BLOCK = 1024;
/** A topic that is not the board's own is whole. */
const below = (topic: string) => (topic.startsWith(BASE) ? topic.slice(BASE.length) : topic);

/** `acknowledged` is no field, so that no `info` shows it. */
class Counters {
	sent = 0;
	#acknowledged = 0;
	get acknowledged(): number {
		return this.#acknowledged;
	}
	acknowledge(): void {
		this.#acknowledged++;
	}
}

/** The session of one life of a board. */
export class TestLink implements SessionLike {
	resume(): void {}
	readonly options: UserOptions;
	readonly counters = new Counters();
	online = false;
	closed = false;
	/** The broker takes nothing out of the outbox, and acknowledges nothing. */
	deaf = false;
	/** Longer payloads are refused. */
	longest = Infinity;
	/** So many live messages above QoS 0 fit into its queue. */
	room = Infinity;
	/** The broker has taken its goodbye. */
	parts = true;
	/** What it said of itself when it left. */
	farewell: string | undefined;
	/** CONNACK was seen on this connection. */
	#accepted = false;
	readonly #world: World;
	/** What has gone out on this connection. */
	#drained = 0;

	constructor(world: World, options: UserOptions) {
		this.#world = world;
		this.options = options;
	}
	publish(topic: string, payload: string | Uint8Array, options: PublishOptions = {}): Outcome {
		const text = typeof payload === "string" ? payload : decode(payload);
		if (this.closed) return Outcome.droppedClosed;
		if (text.length > this.longest) return Outcome.droppedLong;
		if (options.durable) {
			this.#world.cut("before outbox");
			const retain = options.retain ?? false;
			const { outbox } = this.#world;
			// As the session does it: with the broker there, an alert that none waits before leaves at once.
			const id = this.online && !this.deaf && !outbox.next(this.#drained) ? this.#world.identify() : 0;
			const sequence = outbox.append(topic, encode(text), { retain }, id);
			if (!sequence) return Outcome.droppedFull;
			this.#world.cut("after outbox");
			this.drain();
			return this.online ? Outcome.sent : Outcome.queued;
		}
		if (!this.online && !options.QoS) return Outcome.droppedOffline;
		if (options.QoS && this.room-- <= 0) return Outcome.droppedFull;
		if (this.online && options.QoS && !this.deaf) this.#world.soon(() => this.counters.acknowledge());
		if (this.online) this.#world.say({ topic: below(topic), payload: text, ...options });
		return this.online ? Outcome.sent : Outcome.queued;
	}
	measure(topic: string, text: string): Outcome {
		return this.publish(topic, text, { QoS: 0 });
	}
	/** What was streamed, by topic. */
	readonly streamed = new Map<string, string>();
	stream(topic: string, byteLength: number, source: () => Uint8Array | undefined): boolean {
		if (!this.online) return false;
		let text = "";
		for (let piece = source(); piece; piece = source()) text += decode(piece);
		if (encode(text).byteLength !== byteLength)
			throw new Error(`${topic}: ${text.length}, not ${byteLength}`);
		this.streamed.set(topic, text);
		return true;
	}
	/** The broker takes all there is in the outbox, and acknowledges it in later turns. */
	drain(): void {
		const world = this.#world;
		const { outbox } = world;
		for (
			let entry = outbox.next(this.#drained);
			this.online && !this.deaf && entry;
			entry = outbox.next(this.#drained)
		) {
			const topic = below(entry.topic);
			const { sequence } = entry;
			this.#drained = sequence;
			world.say({ topic, payload: decode(entry.payload), QoS: 1, durable: true, retain: entry.retain });
			const identifier = entry.packetIdentifier || world.identify();
			outbox.sent(sequence, identifier);
			world.soon(() => void outbox.release(identifier));
		}
	}
	/** CONNACK of a broker, by its place in the list. Messages come after it, perhaps before `connect`. */
	accept(broker = 0): void {
		if (this.#accepted) return;
		this.#accepted = true;
		this.options.onAccepted?.(broker);
	}
	/** With the turns that follow at the same moment, in which the board says what it retains. */
	connect(sessionPresent = false, broker = 0): void {
		this.accept(broker);
		this.online = true;
		this.#drained = 0;
		this.options.onOnline(sessionPresent);
		this.drain();
		this.#world.clock.advance(0);
	}
	disconnect(): void {
		this.#accepted = false;
		if (!this.online) return;
		this.online = false;
		this.options.onOffline(1);
	}
	/** True when it was taken: then a session acknowledges it. With the turns that follow at the same moment. */
	receive(topic: string, payload: string, about: Partial<Received> = {}): boolean {
		const message = { QoS: 1, retain: false, duplicate: false, id: 0, ...about };
		this.accept();
		try {
			this.options.onMessage(topic.startsWith("$") ? topic : BASE + topic, encode(payload), message);
			return true;
		} catch {
			return false;
		} finally {
			this.#world.clock.advance(0);
		}
	}
	close(callback?: (parted: boolean) => void, farewell = "offline"): void {
		this.closed = true;
		this.farewell = farewell;
		this.online = false;
		if (callback) this.#world.clock.set(() => callback(this.parts), 0);
	}
}

/** Power that can go in the middle of anything. */
export class PowerCut extends Error {}

/** Everything that stays when the board goes. */
export class World {
	readonly clock: TestClock;
	readonly records = new Map<string, string>();
	outbox: Outbox = new Queue({ byteLength: 1_000_000 });
	/** Holds outbox and memory instead, where there is one; can lose its power by itself. */
	flash: TestFlash | undefined;
	/** Called at each start with the flash of that life, before anything is read. */
	onFlash: ((flash: TestFlash) => void) | undefined;
	readonly published: Published[] = [];
	readonly trace: string[] = [];
	/** Levels of each pin, each once it changed. */
	readonly pins = new Map<unknown, number[]>();
	readonly inputs = new Map<unknown, TestInput>();
	sensors: { [driver: string]: SensorDriver } = {};
	actuators: Device["actuator"];
	/** Called at each publication. */
	onPublish: ((message: Published) => void) | undefined;
	/** The power goes at this moment, counted before and after each write to memory or outbox; never when negative. */
	cutAfter = -1;
	dead = false;
	/** Memory takes nothing more. */
	refusing = false;
	reset = "power-on";
	restarts = 0;
	memory: KeyValueDomain;
	ntp: Device["network"]["ntp"];
	/** Makes the session in place of the scripted one. */
	connect: ((options: UserOptions) => SessionLike) | undefined;
	/** Brokers and client, for a part that connects in the session's place. */
	session: Partial<SessionOptions> = {};
	request: CertificateRequestClass | undefined;
	serial: string | undefined;
	/** Bytes of an answer, where there is a limit. */
	longestAnswer: number | undefined;
	#identified = 0;
	/** Made anew for each life. */
	provision: (() => StoredProvision) | undefined;
	link!: TestLink;
	#life!: Life;

	constructor(clock = new TestClock()) {
		this.clock = clock;
		const world = this;
		this.memory = {
			read: key => world.records.get(key),
			write(key, value) {
				if (key.length > 15) throw new Error(`key too long: ${key}`);
				if (world.refusing) throw new Error("full");
				world.cut(`before ${key}`);
				world.records.set(key, value);
				world.cut(`after ${key}`);
			},
			delete(key) {
				world.cut(`before ${key}`);
				world.records.delete(key);
			},
			close() {},
			[Symbol.iterator]: () => world.records.keys(),
		};
	}
	/** Called before and after each write. Once the power is gone nothing has any effect. */
	cut(where: string): void {
		if (this.dead || (this.cutAfter >= 0 && this.cutAfter-- === 0)) {
			this.dead = true;
			throw new PowerCut(where);
		}
	}
	get gone(): boolean {
		return this.dead || this.flash?.dead === true;
	}
	/** In a later turn, unless the power goes before. */
	soon(callback: () => void): void {
		this.#life.set(callback, 0);
	}
	say(message: Published): void {
		if (this.gone) return;
		this.published.push(message);
		this.onPublish?.(message);
	}
	/** What was published on a topic since `from`. */
	on(topic: string, from = 0): string[] {
		return this.published
			.slice(from)
			.filter(message => message.topic === topic)
			.map(({ payload }) => payload);
	}
	json(topic: string, from = 0): { [key: string]: unknown }[] {
		return this.on(topic, from).map(text => JSON.parse(text));
	}
	/** Retained topics as a broker has them. */
	retained(): Map<string, string> {
		const retained = new Map<string, string>();
		for (const { topic, payload, retain } of this.published)
			if (retain) payload ? retained.set(topic, payload) : retained.delete(topic);
		return retained;
	}
	/** The pin's level now. */
	level(pin: unknown): number {
		return this.pins.get(pin)?.at(-1) ?? 0;
	}
	device(): Device {
		const { clock } = this;
		this.#life = new Life(clock);
		return {
			name: "test",
			io: { Digital: digital(this), ...(this.request && { CertificateRequest: this.request }) },
			pin: { led: 2 },
			sensor: this.sensors,
			...(this.actuators && { actuator: this.actuators }),
			network: { mqtt: { client: {} as never }, ...(this.ntp && { ntp: this.ntp }) },
			keyValue: { open: () => this.memory },
			timer: this.#life,
			clock,
			description: undefined,
			...(this.provision && { provision: this.provision() }),
			...(this.serial !== undefined && { serial: this.serial }),
			reset: this.reset,
			trace: text => void this.trace.push(text),
			restart: () => void this.restarts++,
		};
	}
	/** The next packet identifier, over restarts. */
	identify(): number {
		this.#identified = (this.#identified % 65_535) + 1;
		return this.#identified;
	}
	/** Switches a board on. It is offline until `link.connect()`. */
	start(raw: object = {}, features: readonly Feature[] = []): Board {
		this.dead = false;
		this.cutAfter = -1;
		const device: Device = { ...this.device(), forms: features };
		const { description, problems } = check({ ...base, ...raw }, { ...device, forms: features });
		if (!description) throw new Error(problems.map(problem => line(problem)).join("\n"));
		const storage = this.#storage(device, description);
		this.outbox = storage.outbox;
		return new Board({
			device,
			description,
			storage,
			features,
			...(this.longestAnswer !== undefined && { longestAnswer: this.longestAnswer }),
			connect: (options, parts) => {
				if (this.connect) return this.connect(options);
				const all = Object.assign(options, this.session) as SessionOptions;
				const own = parts.find(part => part.connect)?.connect?.(all);
				if (own) return own;
				this.link = new TestLink(this, options);
				return this.link;
			},
		});
	}
	#storage(device: Device, description: Description): Storage {
		const { flash, outbox, memory } = this;
		if (!flash) return { outbox, memory, kind: "test", fresh: true, whole: true, ram: 0 };
		const { blocks, blockLength } = flash.status();
		const next = new TestFlash({ blocks, blockLength, image: flash.image });
		this.flash = next;
		this.onFlash?.(next);
		const chip = { open: () => next, [Symbol.iterator]: () => [][Symbol.iterator]() };
		return openStorage({ ...device, flash: chip }, roomFor(description));
	}

	/** The power goes now: nothing of the board runs any more, its pins fall. */
	kill(): void {
		this.#life.end();
		for (const levels of this.pins.values()) if (levels.at(-1) !== 0) levels.push(0);
	}
}

/** The timers of one life, which end with it. */
class Life implements Timer {
	readonly #clock: TestClock;
	readonly #handles = new Set<TimerHandle>();

	constructor(clock: TestClock) {
		this.#clock = clock;
	}
	set(callback: (handle: TimerHandle) => void, delay = 0, repeat?: number): TimerHandle {
		const handle = this.#clock.set(callback, delay, repeat);
		this.#handles.add(handle);
		return handle;
	}
	repeat(callback: (handle: TimerHandle) => void, interval: number): TimerHandle {
		return this.set(callback, interval, interval);
	}
	schedule(handle: TimerHandle, delay?: number, repeat?: number): void {
		this.#clock.schedule(handle, delay, repeat);
	}
	clear(handle: TimerHandle | undefined): void {
		if (handle) this.#handles.delete(handle);
		this.#clock.clear(handle);
	}
	end(): void {
		for (const handle of this.#handles) this.#clock.clear(handle);
	}
}

export class TestInput implements Digital {
	value: 0 | 1 = 0;
	readonly options: DigitalOptions;

	constructor(options: DigitalOptions) {
		this.options = options;
	}
	read(): 0 | 1 {
		return this.value;
	}
	write(): void {
		throw new Error("an input");
	}
	/** The logical level changes. */
	turn(value: 0 | 1): void {
		this.value = value;
		this.options.onReadable?.call(this);
	}
	close(): void {}
}

function digital(world: World): DigitalClass {
	class Pin implements Digital {
		static readonly Input = 0;
		static readonly InputPullUp = 1;
		static readonly InputPullDown = 2;
		static readonly InputPullUpDown = 3;
		static readonly Output = 8;
		static readonly OutputOpenDrain = 9;
		static readonly Rising = 1;
		static readonly Falling = 2;
		readonly #pin: unknown;

		constructor(options: DigitalOptions) {
			this.#pin = options.pin;
			if ((options.mode as number) < Pin.Output) {
				const input = new TestInput(options);
				world.inputs.set(options.pin, input);
				// biome-ignore lint/correctness/noConstructorReturn: one class stands for both directions
				return input as unknown as Pin;
			}
			// After a power cut a pin is low until it is written.
			if (!world.pins.has(this.#pin)) world.pins.set(this.#pin, [0]);
			this.write(options.initialValue ?? 0);
		}
		read(): 0 | 1 {
			throw new Error("an output");
		}
		write(value: 0 | 1): void {
			const levels = world.pins.get(this.#pin) as number[];
			if (!world.gone && levels.at(-1) !== value) levels.push(value);
		}
		close(): void {}
	}
	return Pin;
}

/** A sensor that gives what `read` returns, throws what it throws. */
export function scripted(read: () => number | undefined, made: () => void = () => {}): SensorDriver {
	return {
		io: class {
			constructor() {
				made();
			}
			sample(): Sample | undefined {
				const value = read();
				return value === undefined ? undefined : { value };
			}
			close(): void {}
		},
		quantity: "value",
	};
}

/** A wall clock that is never set. */
export function unsynchronized(clock: TestClock): TestClock {
	clock.synchronized = false;
	(clock as Clock).time = 0;
	return clock;
}
