/** Packet identifiers that the client chooses (MQTT 3.1.1 §2.3.1). */

import assert from "node:assert/strict";
import Scene from "./scene.js";

/** What the client does within, without a packet for each. */
interface Identifiers {
	take(): number;
	free(id: number): void;
}
const client = () => new Scene().client as unknown as Identifiers;

describe("identifiers", () => {
	it("The first identifier is 1, and each next one follows [MQTT-2.3.1-1]", () => {
		const identifiers = client();
		assert.deepEqual([identifiers.take(), identifiers.take(), identifiers.take()], [1, 2, 3]);
	});

	it("After 65535 comes 1, never 0 [MQTT-2.3.1-1]", () => {
		const identifiers = client();
		for (let i = 1; i <= 65_535; i++) {
			assert.equal(identifiers.take(), i);
			identifiers.free(i);
		}
		assert.equal(identifiers.take(), 1);
	});

	it("An identifier in use is skipped when the count comes round to it [MQTT-2.3.1-2]", () => {
		const identifiers = client();
		const kept = [1, 3];
		for (let i = 1; i <= 65_535; i++) {
			const id = identifiers.take();
			if (!kept.includes(id)) identifiers.free(id);
		}
		assert.deepEqual([identifiers.take(), identifiers.take(), identifiers.take()], [2, 4, 5]);
	});

	it("An identifier that is released may be used again [MQTT-2.3.1-3]", () => {
		const identifiers = client();
		identifiers.take();
		identifiers.free(1);
		const seen = new Set<number>();
		for (let i = 0; i < 65_535; i++) {
			const id = identifiers.take();
			seen.add(id);
			identifiers.free(id);
		}
		assert.ok(seen.has(1));
	});

	it("The release of an identifier that was not taken changes nothing", () => {
		const identifiers = client();
		identifiers.take();
		identifiers.free(7);
		identifiers.free(0);
		assert.equal(identifiers.take(), 2);
	});

	it("With all 65535 in use the next take throws, and succeeds once one is released [MQTT-2.3.1-2]", function () {
		this.timeout(60_000);
		const identifiers = client();
		for (let i = 0; i < 65_535; i++) identifiers.take();
		assert.throws(() => identifiers.take(), /id: expected a free packet identifier/);
		identifiers.free(4711);
		assert.equal(identifiers.take(), 4711);
		assert.throws(() => identifiers.take(), /id: expected a free packet identifier/);
	});
});
