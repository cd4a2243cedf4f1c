/**
 * Commands of a broker that sends again what was not acknowledged, in the order in which it was sent [MQTT-4.6.0-1]: under the
 * same packet identifiers (Mosquitto), under other ones (RabbitMQ, or another node of a VerneMQ cluster), again on a live
 * connection (VerneMQ), or not at all (a session that was lost). No old command is done over a newer one, and where nothing
 * was lost the last one is done.
 */

import assert from "node:assert/strict";
import * as fc from "fast-check";
import type { SensorDriver } from "../../../modules/device/io.js";
import { World } from "../stage.js";

interface Command {
	readonly topic: string;
	readonly payload: string;
	/** Which level it asks for. */
	readonly level: number;
	id: number;
}

type Memory = "keeps" | "changes" | "forgets";

const levels = fc.integer({ min: 0, max: 3 });
const step = fc.oneof(
	{
		weight: 6,
		arbitrary: fc.record({
			kind: fc.constant("publish"),
			level: levels,
			how: fc.constantFrom(0, 0, 0, 1, 2, 3, 4),
		}),
	},
	{ weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("deaf", "dead", "restart") }) },
	{ weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("again", "refuse") }) },
	{
		weight: 4,
		arbitrary: fc.record({ kind: fc.constant("reconnect"), taken: fc.nat(6), wait: fc.boolean() }),
	},
);
interface Step {
	readonly kind: string;
	readonly level?: number;
	readonly how?: number;
	/** So many of the redelivered messages arrive before the connection breaks again. */
	readonly taken?: number;
	/** Five seconds without a message follow. */
	readonly wait?: boolean;
}

class Play {
	readonly world = new World();
	/** Everything that was published, in its order. */
	readonly published: Command[] = [];
	/** Every level that the actuator was brought to, from its start on. */
	readonly shown: number[] = [];
	private readonly memory: Memory;
	/** Its flash has refused a command. */
	refused = false;
	private flight: Command[] = [];
	private queue: Command[] = [];
	private online = false;
	/** `deaf`: acknowledgements are lost from now on. `dead`: messages too. */
	private link: "ok" | "deaf" | "dead" = "ok";
	private next = 0;
	private version = 0;
	private toggles = 0;

	constructor(memory: Memory) {
		const { world, shown } = this;
		this.memory = memory;
		class Io {
			constructor({ initialValue }: { initialValue: number }) {
				this.write(initialValue);
			}
			write(level: number): void {
				if (shown.at(-1) !== level) shown.push(level);
			}
			close(): void {}
		}
		world.actuators = { dimmer: { io: Io, dimmable: true } };
		world.sensors = {} as { [name: string]: SensorDriver };
		this.start();
	}
	private start(): void {
		this.world.start({ actuators: [{ name: "x", driver: "dimmer", powerOn: "last" }] });
	}
	step({ kind, level = 0, how = 0, taken = 0, wait = false }: Step): void {
		if (kind === "publish") this.publish(level, how);
		else if (kind === "dead" || (kind === "deaf" && this.link === "ok")) this.fail(kind);
		else if (kind === "restart") this.restart();
		else if (kind === "refuse") this.world.refusing = !this.world.refusing;
		// VerneMQ, after 20 s without an acknowledgement.
		else if (kind === "again" && this.online && this.link === "deaf")
			for (const command of this.flight) this.deliver(command, true);
		else if (kind === "reconnect") this.reconnect(taken, wait);
	}
	/** The connection stands, everything is delivered and acknowledged, and nothing more comes. */
	end(): void {
		this.world.refusing = false;
		this.reconnect(Infinity, true);
	}

	private publish(level: number, how: number): void {
		// One that is refused.
		if (how === 4) {
			const payload = JSON.stringify({ state: "TOGGLE", cid: `r${this.toggles++}` });
			this.queue.push({ topic: "x/set", payload, level, id: 0 });
			if (this.online) this.pump();
			return;
		}
		const state = level ? { state: "ON", brightness: level } : { state: "OFF" };
		const payload = [
			state,
			{ ...state, cid: this.published.length },
			state,
			{ ...state, ver: ++this.version },
		][how];
		const command = {
			topic: how < 2 ? "x/set" : "x/desired",
			payload: JSON.stringify(payload),
			level,
			id: 0,
		};
		this.published.push(command);
		this.queue.push(command);
		if (this.online) this.pump();
	}
	private pump(): void {
		for (let command = this.queue.shift(); command; command = this.queue.shift()) {
			command.id = 1 + (this.next++ % 50);
			this.flight.push(command);
			this.deliver(command, false);
		}
	}
	private deliver(command: Command, duplicate: boolean): void {
		if (this.link === "dead") return;
		const { topic, payload, id } = command;
		const taken = this.world.link.receive(topic, payload, { id, duplicate });
		this.refused ||= !taken;
		// As modules/session/subscriptions.ts acknowledges.
		if ((taken || duplicate) && this.link === "ok")
			this.flight = this.flight.filter(other => other !== command);
	}
	private fail(link: "deaf" | "dead"): void {
		this.link = link;
		this.world.link.deaf = true;
	}
	private disconnect(): void {
		if (this.online) this.world.link.disconnect();
		this.world.link.deaf = false;
		this.online = false;
	}
	private restart(): void {
		this.world.kill();
		this.online = false;
		this.start();
	}
	private reconnect(taken: number, wait: boolean): void {
		this.disconnect();
		this.online = true;
		this.link = "ok";
		const present = this.memory !== "forgets";
		if (!present) this.flight = [];
		this.world.link.connect(present);
		if (this.memory === "changes") {
			// From 1 on, as RabbitMQ does: so an identifier means another message than before.
			this.next = 0;
			for (const command of this.flight) command.id = 1 + (this.next++ % 50);
		}
		for (const [index, command] of [...this.flight].entries()) {
			// The connection breaks again: what follows does not arrive.
			if (index >= taken) this.fail("dead");
			this.deliver(command, true);
		}
		this.pump();
		if (wait) this.world.clock.advance(5000);
	}
}

/** Each level is one that was published, and none is older than the one before it. The first is that of the start. */
function inOrder(shown: readonly number[], published: readonly Command[]): boolean {
	let at = 0;
	for (const level of shown.slice(1)) {
		const found = published.findIndex((command, index) => index >= at && command.level === level);
		if (found < 0) return false;
		at = found + 1;
	}
	return true;
}

describe("commands of a broker that sends again what was not acknowledged", () => {
	for (const memory of ["keeps", "changes", "forgets"] as const)
		it(`are never done over a newer one${memory === "forgets" ? "" : ", and the last one is done"}, if it ${memory} identifiers`, () => {
			fc.assert(
				fc.property(fc.array(step, { maxLength: 40 }), steps => {
					const play = new Play(memory);
					for (const step of steps) play.step(step as Step);
					play.end();
					const order = `${play.shown} of ${play.published.map(({ level }) => level)}`;
					assert.ok(inOrder(play.shown, play.published), order);
					const last = play.published.at(-1);
					// Without a version the desired state that was applied last is not applied again, also after other commands.
					const repeated = steps.some(({ how }: Step) => how === 2);
					if (memory !== "forgets" && last && !repeated && !play.refused)
						assert.equal(play.shown.at(-1), last.level, order);
				}),
				{ numRuns: 4000, seed: 77 },
			);
		});

	it("change the lamp once where two are sent again under other identifiers after both acknowledgements were lost", () => {
		const play = new Play("changes");
		for (const step of [
			{ kind: "reconnect", taken: 9 },
			{ kind: "publish", level: 3 },
			{ kind: "deaf" },
			{ kind: "publish", level: 1 },
			{ kind: "publish", level: 2 },
			{ kind: "reconnect", taken: 9, wait: true },
		])
			play.step(step);
		assert.deepEqual(play.shown, [0, 3, 1, 2]);
	});

	describe("after one that could not be stored, with a text that was done before", () => {
		/** ON and OFF were done; the next ON could not be stored. */
		function unstored() {
			const world = new World();
			const board = world.start({ lamp: { pin: 2 } });
			world.link.connect(true);
			world.link.receive("lamp/set", "ON", { id: 1 });
			world.link.receive("lamp/set", "OFF", { id: 2 });
			world.clock.advance(2000);
			world.refusing = true;
			assert.equal(world.link.receive("lamp/set", "ON", { id: 3 }), false);
			world.refusing = false;
			const again = (...payloads: string[]) => {
				world.link.disconnect();
				world.link.connect(true);
				payloads.forEach((payload, n) =>
					world.link.receive("lamp/set", payload, { id: 3 + n, duplicate: true }),
				);
				world.clock.advance(5000);
				return world.level(2);
			};
			return { world, board, again };
		}

		it("do it, also where a refused one follows and comes again behind it", () => {
			const { world, again } = unstored();
			world.link.receive("lamp/set", "TOGGLE", { id: 4 });
			assert.equal(again("ON", "TOGGLE"), 1);
		});

		it("do not do it where a local action, or one that was done, followed", () => {
			for (const newer of ["local", "set"]) {
				const { world, board, again } = unstored();
				world.link.receive("lamp/set", "TOGGLE", { id: 4 });
				if (newer === "local") {
					board.outputs[0]?.press();
					board.outputs[0]?.press();
				} else world.link.receive("lamp/set", "OFF", { id: 5 });
				assert.equal(again("ON", "TOGGLE"), 0);
			}
		});

		it("do none that was done, where a refused one and a local action followed", () => {
			const world = new World();
			const board = world.start({ lamp: { pin: 2 } });
			world.link.connect(true);
			world.clock.advance(2000);
			for (const [n, payload] of ["ON", "OFF", "TOGGLE"].entries())
				world.link.receive("lamp/set", payload, { id: 1 + n });
			board.outputs[0]?.press();
			world.link.disconnect();
			world.link.connect(true);
			for (const [n, payload] of ["OFF", "TOGGLE"].entries())
				world.link.receive("lamp/set", payload, { id: 2 + n, duplicate: true });
			world.clock.advance(5000);
			assert.equal(world.level(2), 1);
		});

		it("do not do it where one that was refused before it comes again behind it: that may be its earlier copy", () => {
			const world = new World();
			world.start({ lamp: { pin: 2 } });
			world.link.connect(true);
			for (const [n, payload] of ["ON", "OFF", "TOGGLE"].entries())
				world.link.receive("lamp/set", payload, { id: 1 + n });
			world.clock.advance(2000);
			world.refusing = true;
			assert.equal(world.link.receive("lamp/set", "ON", { id: 4 }), false);
			world.refusing = false;
			world.link.disconnect();
			world.link.connect(true);
			for (const [n, payload] of ["ON", "TOGGLE"].entries())
				world.link.receive("lamp/set", payload, { id: 1 + n, duplicate: true });
			world.clock.advance(5000);
			assert.equal(world.level(2), 0);
		});
	});

	it("do none that was held until a newer one came, where it comes again and cannot be stored, and once more", () => {
		const world = new World();
		world.start({ lamp: { pin: 2 } });
		world.link.connect(true);
		world.link.receive("lamp/set", "ON", { id: 1 });
		const again = (...payloads: string[]) => {
			world.link.disconnect();
			world.link.connect(true);
			payloads.forEach((payload, n) =>
				world.link.receive("lamp/set", payload, { id: 2 + n, duplicate: true }),
			);
		};
		again("OFF");
		world.link.receive("lamp/set", '{"state":"ON"}', { id: 3 });
		world.clock.advance(5000);
		world.refusing = true;
		again("OFF", '{"state":"ON"}');
		world.refusing = false;
		again("OFF", '{"state":"ON"}');
		world.clock.advance(5000);
		assert.deepEqual(world.pins.get(2), [0, 1]);
	});

	it("do one that was held, also where a refused one follows and comes again behind it", () => {
		const world = new World();
		const board = world.start({ lamp: { pin: 2, failSafe: 60_000 } });
		const { link } = world;
		link.connect(true);
		link.receive("lamp/set", "ON", { id: 1 });
		world.clock.advance(2000);
		link.disconnect();
		// Lost on its way, like all acknowledgements of the next connection.
		const late = ["lamp/desired", "ON"] as const;
		world.clock.advance(100_000);
		assert.equal(world.level(2), 0, "the fail-safe");
		link.connect(true);
		link.deaf = true;
		link.receive(...late, { id: 2, duplicate: true });
		link.receive("lamp/set", "OFF", { id: 3 });
		assert.ok(board.outputs[0]?.newest.state.held);
		link.disconnect();
		link.deaf = false;
		link.connect(true);
		link.receive(...late, { id: 2, duplicate: true });
		link.receive("lamp/set", "OFF", { id: 3, duplicate: true });
		world.clock.advance(5000);
		assert.equal(world.level(2), 1);
	});

	it("do none that was done before a local action, where one that was refused in between comes again behind it", () => {
		const world = new World();
		const board = world.start({ lamp: { pin: 2 } });
		const { link } = world;
		const again = (...payloads: string[]) => {
			link.disconnect();
			link.connect(true);
			payloads.forEach((payload, n) => link.receive("lamp/set", payload, { id: 1 + n, duplicate: true }));
		};
		const wrong = JSON.stringify({ state: "TOGGLE", cid: 9 });
		link.connect(true);
		link.receive("lamp/set", "ON", { id: 1 });
		link.receive("lamp/set", "OFF", { id: 2 });
		world.refusing = true;
		again("ON", "OFF");
		world.refusing = false;
		world.clock.advance(2000);
		link.receive("lamp/set", wrong, { id: 3 });
		board.outputs[0]?.press();
		again("ON", "OFF", wrong);
		world.clock.advance(5000);
		assert.equal(world.level(2), 1);
	});

	it("do none that was done, where the next of its text waits to be stored and one that was refused before comes again", () => {
		const world = new World();
		world.start({ lamp: { pin: 2 } });
		const { link } = world;
		const [other, wrong] = ["ON", "TOGGLE"].map(state => JSON.stringify({ state, cid: 9 })) as [
			string,
			string,
		];
		link.connect(true);
		world.clock.advance(2000);
		const unstored = (payload: string, id: number) => {
			world.refusing = true;
			assert.equal(link.receive("lamp/set", payload, { id }), false);
			world.refusing = false;
		};
		link.receive("lamp/set", "ON", { id: 1 });
		unstored(other, 2);
		link.receive("lamp/set", wrong, { id: 3 });
		link.receive("lamp/set", "OFF", { id: 4 });
		unstored("ON", 5);
		link.disconnect();
		link.connect(true);
		link.receive("lamp/set", "ON", { id: 1, duplicate: true });
		link.receive("lamp/set", wrong, { id: 3, duplicate: true });
		world.clock.advance(5000);
		assert.equal(world.level(2), 0);
	});

	describe("on a connection that ends before it is online", () => {
		/** The broker has kept the session of a board that was online, and takes it again. */
		function taken(...before: string[]) {
			const world = new World();
			const board = world.start({ lamp: { pin: 2 } });
			const { link } = world;
			link.connect(true);
			before.forEach((payload, index) => link.receive("lamp/set", payload, { id: 1 + index }));
			world.clock.advance(2000);
			link.disconnect();
			link.accept();
			return { world, link, press: () => board.outputs[0]?.press() };
		}

		it("do not make one old that was sent behind them and lost", () => {
			const { world, link } = taken();
			link.receive("lamp/set", "ON", { id: 1 });
			link.disconnect();
			link.connect(true);
			link.receive("lamp/set", "OFF", { id: 2, duplicate: true });
			world.clock.advance(3000);
			assert.equal(world.level(2), 0);
		});

		it("are not all there after a second, so one that the broker kept is not done over what a hand did since", () => {
			const { world, link, press } = taken("ON", "OFF");
			link.receive("lamp/set", "ON", { id: 3, duplicate: true });
			world.clock.advance(1500);
			link.disconnect();
			press();
			link.connect(true);
			link.receive("lamp/set", "OFF", { id: 4 });
			world.clock.advance(3000);
			assert.equal(world.level(2), 1);
		});
	});
});
