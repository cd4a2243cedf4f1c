/**
 * Months of a whole board in minutes: the firmware over scripted MQTT clients, simulated time, flash that survives its power
 * cuts, and a broker that is away, forgets, falls silent or stands for weeks. Ticks wrap on the way. Each edge that the sensor's
 * values call for must arrive, the lamp must follow the last request, and the board must be back within a bound.
 */

import board from "../../main.js";
import type { Device } from "../../modules/device/io.js";
import { Chance } from "../chaos/random.js";
import { TestClock } from "../clock.js";
import { scripted, World } from "../device/stage.js";
import { TestFlash } from "../flash.js";
import { clients, type ScriptedClient } from "../session/client.js";

const second = 1000;
const minute = 60_000;
const hour = 3_600_000;
const day = 86_400_000;
/** A try that was under way (30.5 s), the longest back-off, CONNACK and SUBACK. */
const bound = 30_500 + minute + 5 * second;
const base = "r/soak/";

export interface Account {
	readonly days: number;
	readonly faults: { readonly [kind: string]: number };
	/** Edges of the alert that the sensor's values called for, and those of them that arrived. */
	readonly accepted: number;
	readonly delivered: number;
	readonly duplicates: number;
	readonly connections: number;
	readonly samples: number;
	/** Milliseconds of the longest way back, from when a broker could be reached. */
	readonly slowest: number;
	/** How often the board did not hear its own status. */
	readonly deaf: number;
	readonly complaints: readonly string[];
}

/** What one broker holds, and how it behaves. */
class Broker {
	/** `away` refuses connections, `silent` answers nothing. */
	mood: "good" | "away" | "silent" = "good";
	session: Set<string> | undefined;
	readonly retained = new Map<string, string>();
	readonly edges = new Map<string, string>();
	duplicates = 0;
	connections = 0;
	#client: ScriptedClient | undefined;
	#seen = 0;
	#id = 0;

	/** Takes over the newest client, and answers what it has written. */
	serve(newest: ScriptedClient | undefined): void {
		// Its will.
		if (this.#client?.closed) this.retained.set(`${base}status`, "offline");
		if (newest && newest !== this.#client && !newest.closed) this.#take(newest);
		const client = this.#client;
		while (
			client &&
			!client.closed &&
			client.connected &&
			this.mood === "good" &&
			this.#seen < client.written.length
		)
			this.#answer(client, client.written[this.#seen++] ?? { operation: 0 });
		// Bytes leave the socket; and a message that the board has left unread is followed by the next.
		if (client?.connected && !client.closed && this.mood === "good") client.writable(1_000_000);
		// What was answered is not needed any more: a connection may stand for weeks.
		if (client && this.#seen > 1000) {
			client.written.splice(0, this.#seen);
			this.#seen = 0;
		}
	}
	reset(): void {
		if (this.#client?.connected) this.#client.fail();
	}
	/** A retained message, to all subscribers. */
	publish(topic: string, text: string): void {
		this.retained.set(topic, text);
		if (this.session?.has(topic)) this.#deliver(topic, text, false);
	}
	#take(client: ScriptedClient): void {
		if (this.mood === "silent") return;
		this.#client = client;
		this.#seen = 0;
		if (this.mood === "away") {
			client.fail();
			return;
		}
		this.connections++;
		client.accept(this.session !== undefined);
		this.session ??= new Set();
	}
	#answer(client: ScriptedClient, written: ScriptedClient["written"][number]): void {
		const { operation, id = 0, topic = "", text = "", QoS, retain, items } = written;
		if (items) {
			for (const item of items) this.session?.add(item);
			client.control({ operation: 9, id, payload: items.map(() => 1) });
			for (const item of items) {
				const text = this.retained.get(item);
				if (text !== undefined) this.#deliver(item, text, true);
			}
		} else if (operation === 3) {
			if (retain) this.retained.set(topic, text);
			if (topic === `${base}alerts/high`) this.#edge(text);
			if (QoS) client.acknowledge(id);
			if (this.session?.has(topic)) this.#deliver(topic, text, false);
		}
	}
	#edge(text: string): void {
		const { id, state } = JSON.parse(text) as { id: string; state: string };
		if (this.edges.has(id)) this.duplicates++;
		this.edges.set(id, state);
	}
	#deliver(topic: string, text: string, retain: boolean): void {
		if (this.mood !== "good" || !this.#client?.connected) return;
		this.#id = (this.#id % 65_535) + 1;
		this.#client.deliver(topic, text, { QoS: 1, retain, id: this.#id });
	}
}

export function soak(days: number, seed: number, onProgress: (passed: number) => void = () => {}): Account {
	const chance = new Chance(seed);
	// An hour before the first wrap; the second comes 24.8 days later.
	const clock = new TestClock(2 ** 31 - hour);
	const world = new World(clock);
	const broker = new Broker();
	const { io, made } = clients();
	let flash = new TestFlash({ blocks: 16, blockLength: 4096 });
	let tell: ((up: boolean) => void) | undefined;
	const complaints: string[] = [];
	const faults: { [kind: string]: number } = {};
	let samples = 0;
	let latest = 0;
	/** The alert as its description has it: the model. */
	let on = false;
	let edges = 0;
	const start = clock.now;
	world.sensors = {
		script: scripted(() => {
			samples++;
			latest = clock.now;
			// Four hours of day and night, so to say.
			const value = 30 + 10 * Math.sin((2 * Math.PI * (clock.now - start)) / (4 * hour));
			if (on ? value <= 28 : value > 32) {
				on = !on;
				edges++;
			}
			return value;
		}),
	};
	const power = () => {
		flash = new TestFlash({ blocks: 16, blockLength: 4096, image: flash.image });
		world.dead = false;
		const device: Device = {
			...world.device(),
			trace: line => {
				if (line.startsWith("session: deaf")) deaf++;
			},
			description: {
				root: "r",
				id: "soak",
				broker: "mqtt://broker",
				sensors: [{ name: "temp", driver: "script", every: minute, decimals: 1 }],
				alerts: [{ name: "high", sensor: "temp", above: 32, clear: 28 }],
				lamp: { pin: 2 },
			},
			flash: { open: () => flash, [Symbol.iterator]: () => [][Symbol.iterator]() },
			network: {
				mqtt: {
					client: { io: io as never, socket: {} as never, dns: {} as never, timer: clock, ticks: clock },
				},
				watch: changed => {
					tell = changed;
				},
			},
		};
		board(device, { session: { random: () => chance.next() } });
	};
	power();

	const moment = () => `day ${((clock.now - start) / day).toFixed(3)}`;
	const online = () => made.at(-1)?.closed === false && broker.retained.get(`${base}status`) === "online";
	let deaf = 0;
	const pass = (milliseconds: number, step: number) => {
		for (const end = clock.now + milliseconds; clock.now < end; ) {
			clock.advance(Math.min(step, end - clock.now));
			broker.serve(made.at(-1));
			made.splice(0, made.length - 1);
		}
	};
	let version = 0;
	let slowest = 0;
	/** All is well again: how long until the board is back. */
	const recover = () => {
		broker.mood = "good";
		const since = clock.now;
		while (!online() && clock.now - since <= bound) pass(second, second);
		if (!online()) complaints.push(`${moment()}: not online after ${bound} ms`);
		slowest = Math.max(slowest, clock.now - since);
		pass(2 * minute, second);
		const wish = broker.retained.get(`${base}lamp/desired`);
		const wanted = wish && (JSON.parse(wish) as { state: string }).state === "ON" ? 1 : 0;
		if (world.level(2) !== wanted)
			complaints.push(`${moment()}: the lamp is ${world.level(2)}, wanted ${wanted}`);
		if (clock.now - latest > minute + second)
			complaints.push(`${moment()}: no sample for ${clock.now - latest} ms`);
	};
	recover();
	for (let end = start + days * day; clock.now < end; ) {
		// Mostly hours between two faults, now and then longer than ticks can tell; then the network flaps.
		const long = chance.next() < 0.03;
		pass(long ? chance.whole(25, 60) * day : chance.whole(1, 12) * hour, 20 * second);
		const kinds = { reset: 3, flap: 4, away: 3, silent: 2, forget: 2, lost: 2, power: 2 };
		const kind = long ? "flap" : chance.pick(kinds);
		faults[kind] = (faults[kind] ?? 0) + 1;
		const wish = () => {
			if (chance.next() < 0.5)
				broker.publish(
					`${base}lamp/desired`,
					`{"state":"${chance.next() < 0.5 ? "ON" : "OFF"}","ver":${++version}}`,
				);
		};
		if (kind === "flap")
			for (let i = chance.whole(1, 5); i > 0; i--) {
				tell?.(false);
				pass(chance.whole(1, 3) * second, second);
				tell?.(true);
			}
		else if (kind === "away" || kind === "silent") {
			broker.mood = kind;
			if (kind === "away") broker.reset();
			pass(chance.small(2000) * minute, 10 * second);
			wish();
			// The client's own keep-alive, which a scripted one lacks.
			if (kind === "silent") made.at(-1)?.fail(5);
		} else if (kind === "power") {
			world.kill();
			// Nothing calls a board back that has no power.
			for (const client of made) client.closed = true;
			wish();
			clock.advance(chance.small(600) * second);
			power();
		} else {
			if (kind === "forget") broker.session?.clear();
			if (kind === "lost") broker.session = undefined;
			wish();
			broker.reset();
		}
		recover();
		wish();
		onProgress(Math.min(days, (clock.now - start) / day));
		end = Math.max(end, start + days * day);
	}
	pass(hour, 20 * second);
	const states = [...broker.edges.values()];
	if (states.some((state, index) => (state === "ON") === (index % 2 === 1)))
		complaints.push("edges do not alternate");
	if (states.length !== edges) complaints.push(`${edges} edges, ${states.length} of them arrived`);
	return {
		days: (clock.now - start) / day,
		faults,
		accepted: edges,
		delivered: states.length,
		duplicates: broker.duplicates,
		connections: broker.connections,
		samples,
		slowest,
		deaf,
		complaints,
	};
}
