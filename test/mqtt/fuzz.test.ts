/**
 * The fuzzer, short: the same seed on every run unless SEED is set, so that a red run stays red.
 * `npm run fuzz -- --seconds N --seed S` goes on for longer. What it has found stands below as tests.
 */

import fc from "fast-check";
import { compare, conversation, type Plan, plan, play } from "./model.js";
import { SEED, settings } from "./seed.js";

/** Plans that have found something: what it was, and the plan, as small as fast-check could make it. */
const FOUND: readonly (readonly [string, Partial<Plan>])[] = [
	[
		"Two PUBACKs before CONNACK in one segment: the second was told after the end [MQTT-3.2.0-1]",
		{ greeted: false, steps: [{ do: "send", bytes: Uint8Array.of(64, 2, 0, 1, 64, 2, 0, 1), cut: 10_000 }] },
	],
];

describe("fuzz", () => {
	for (const [title, found] of FOUND)
		it(title, () => {
			play({
				acknowledge: true,
				clean: true,
				keepAlive: 0,
				room: 1_000_000,
				greeted: true,
				reading: ["all"],
				writing: ["none"],
				steps: [],
				...found,
			});
		});

	it(`No plan of broker, network and application breaks an invariant (seed ${SEED}, 3000 plans)`, function () {
		this.timeout(60_000);
		fc.assert(
			fc.property(plan, each => void play(each)),
			settings(3000),
		);
	});

	it(`No way of cutting what a broker sends changes what is told and answered (seed ${SEED}, 1500 conversations)`, function () {
		this.timeout(60_000);
		fc.assert(
			fc.property(conversation, ([parts, sizes]) => compare(parts, sizes)),
			settings(1500),
		);
	});
});
