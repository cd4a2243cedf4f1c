/** What the memory of a board is shared out to, by arithmetic alone. */

import assert from "node:assert/strict";
import { check, type Description } from "../../modules/device/description/description.js";
import type { SensorDriver } from "../../modules/device/io.js";
import board, { budgetOf, heapOf, lack } from "../../modules/device/start.js";
import type { SessionOptions, UserOptions } from "../../modules/session/options.js";
import { scripted, TestLink, World } from "./stage.js";

/** What an ESP32 has (hosts/esp32/manifest.json). */
const HEAP = 81_920;
const SPARE = 8192;

/** So many sensors with an alert each, and a lamp. */
function raw(sensors: number): object {
	const names = Array.from({ length: sensors }, (_, i) => `s${i}`);
	return {
		root: "t",
		id: "b",
		sensors: names.map(name => ({ name, driver: "d", every: 1000 })),
		alerts: names.map(name => ({ name: `high-${name}`, sensor: name, above: 1 })),
		lamp: { pin: 1 },
	};
}

function described(sensors: number): Description {
	const { description, problems } = check(raw(sensors), { sensor: { d: {} as SensorDriver } });
	assert.deepEqual(problems, []);
	return description as Description;
}

describe("the budget of memory", () => {
	it("is a computer's where the host names no limit", () => {
		assert.deepEqual(budgetOf(undefined, described(64)), {
			queueBytes: 16_384,
			window: 20,
			longestInbound: 4096,
			longestAnswer: 15_000,
			replyBytes: 15_014,
			lacking: 0,
		});
	});
	for (const sensors of [0, 1, 2, 4, 16])
		it(`of ${sensors} sensors on an ESP32 leaves ${SPARE} bytes when everything is at its longest`, () => {
			const description = described(sensors);
			const { queueBytes, longestInbound, longestAnswer, lacking } = budgetOf(HEAP, description);
			assert.equal(lacking, 0);
			const messages = queueBytes + 9 * longestInbound + 3 * longestAnswer;
			assert.ok(heapOf(description) + messages + SPARE <= HEAP);
			assert.ok(longestInbound >= 320 && longestAnswer >= 672 && queueBytes > longestAnswer + 512);
		});
	it("grows with the memory, up to a computer's", () => {
		const description = described(2);
		let last = budgetOf(HEAP, description);
		for (let heap = HEAP; heap < 300_000; heap += 5000) {
			const next = budgetOf(heap, description);
			for (const key of ["queueBytes", "window", "longestInbound", "longestAnswer"] as const)
				assert.ok(next[key] >= last[key], `${key} at ${heap}`);
			last = next;
		}
		assert.deepEqual(last, budgetOf(undefined, description));
	});
	it("has less for messages where a broker is to be spoken to over TLS", () => {
		const plain = described(2);
		const secure = { ...plain, broker: ["mqtt://a", "mqtts://b"] };
		assert.ok(heapOf(secure) > heapOf(plain));
		assert.ok(budgetOf(HEAP, secure).queueBytes < budgetOf(HEAP, plain).queueBytes);
		assert.equal(budgetOf(HEAP, secure).lacking, 0);
	});
	it("counts the board, its parts, the moment in which all change, 8192 bytes that stay free, and the least messages", () => {
		for (const sensors of [1, 17]) {
			const description = described(sensors);
			// The lamp's 1500, and 450 of an alert while all change. Each sensor has one.
			const needed = 33_700 + sensors * (1110 + 300 + 450) + 1500 + 8192 + 320 * 9 + 672 * 3 + 1792;
			assert.equal(budgetOf(needed, description).lacking, 0);
			assert.equal(budgetOf(needed - 1, description).lacking, 1);
		}
	});
	it("says in one line by how much 64 sensors do not fit on an ESP32: with so much more they do", () => {
		const description = described(64);
		const { lacking } = budgetOf(HEAP, description);
		assert.ok(lacking > 0);
		assert.match(
			lack(lacking, description),
			/^memory: 64 sensors and 64 alerts need \d+ bytes more than there are$/,
		);
		assert.ok(budgetOf(HEAP + lacking - 1, description).lacking > 0);
		assert.equal(budgetOf(HEAP + lacking, description).lacking, 0);
	});
	it("refuses a board of them before it starts, in that line alone", () => {
		const world = new World();
		world.sensors = { d: scripted(() => 20) };
		const trace: string[] = [];
		const device = { ...world.device(), heap: HEAP, trace: (line: string) => void trace.push(line) };
		assert.equal(board(device, { description: { ...raw(64), broker: "mqtt://127.0.0.1" } }), undefined);
		const { lacking } = budgetOf(HEAP, described(64));
		assert.deepEqual(trace, [`memory: 64 sensors and 64 alerts need ${lacking} bytes more than there are`]);
	});
	it("is shared by messages and alerts where alerts are in RAM too", () => {
		const world = new World();
		let queueBytes: number | undefined;
		const connect = (options: SessionOptions) => {
			queueBytes = options.queueBytes;
			return new TestLink(world, options as UserOptions);
		};
		const own = { board: {}, sensor: {}, check() {}, rooms: () => [], heap: () => 0 };
		const features = [{ ...own, make: () => [{ connect, close() {} }] }];
		const description = { root: "t", id: "b", broker: "mqtt://127.0.0.1" };
		const made = board(world.device(), { description, features });
		assert.deepEqual([queueBytes, made?.storage.ram], [8192, 8192]);
		made?.close();
	});
});
