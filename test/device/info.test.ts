/** What `info` tells of a board, with counts that the board has made itself. */

import assert from "node:assert/strict";
import { firmware } from "../../modules/device/retained.js";
import { TestFlash } from "../flash.js";
import { scripted, World } from "./stage.js";

/** A board with a sensor that gives 20, 40, nothing, and then throws. */
function stage() {
	const world = new World();
	const values = [20, 40, undefined];
	world.sensors = {
		script: scripted(() => {
			if (!values.length) throw new Error("broken");
			return values.shift();
		}),
	};
	world.start({
		sensors: [{ name: "temp", driver: "script", every: 1000 }],
		alerts: [{ name: "hot", sensor: "temp", above: 30 }],
	});
	world.link.connect();
	const info = () => {
		world.link.receive("cmd", "info");
		return world.json("cmd/result").at(-1)?.info as { tsq: string; counters: object };
	};
	return { world, info };
}

describe("info", () => {
	it("tells the firmware, where and since when it runs, how it started, and counts of session, sensors, alerts, memory and storage", () => {
		const { world, info } = stage();
		world.clock.advance(3000);
		assert.deepEqual(info(), {
			firmware,
			host: "test",
			boot: 1,
			reset: "power-on",
			uptime: 3000,
			tsq: "ntp",
			outbox: "test",
			counters: {
				sent: 0,
				samples: 2,
				missed: 0,
				sensorFailures: 2,
				edges: 1,
				edgesRefused: 0,
				memoryFailures: 0,
				store: {},
			},
		});
	});

	it("counts what memory refuses", () => {
		const { world, info } = stage();
		world.refusing = true;
		world.clock.advance(3000);
		assert.ok((info().counters as { memoryFailures: number }).memoryFailures > 0);
	});

	it("tells the strength of the radio signal of now, where the host knows it, and only then", () => {
		const world = new World();
		let signal: number | undefined = -61;
		const device = world.device();
		world.device = () => ({ ...device, network: { ...device.network, signal: () => signal } });
		world.start({ sensors: [] });
		world.link.connect();
		const info = () => {
			world.link.receive("cmd", "info");
			return world.json("cmd/result").at(-1)?.info as { readonly signal?: number };
		};
		assert.equal(info().signal, -61);
		signal = undefined;
		assert.ok(!("signal" in info()));
	});

	it("has the counts of the flash, where there is one", () => {
		const { world, info } = stage();
		world.clock.advance(1000);
		assert.deepEqual((info().counters as { store: object }).store, {});
		const flashed = new World();
		flashed.flash = new TestFlash({ blocks: 16, blockLength: 4096 });
		flashed.start({ sensors: [] });
		flashed.link.connect();
		flashed.link.receive("cmd", "info");
		const told = flashed.json("cmd/result").at(-1)?.info as { counters: { store: object } };
		assert.deepEqual(told.counters.store, {
			damaged: 0,
			failures: 0,
			retired: 0,
			compactions: 0,
			refused: 0,
			quarantined: 0,
		});
	});

	it("tells how far the time can be trusted now, not when it was last asked", () => {
		const { world, info } = stage();
		assert.equal(info().tsq, "ntp");
		world.clock.synchronized = false;
		assert.equal(info().tsq, "uptime");
	});
});
