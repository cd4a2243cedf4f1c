/** Packet identifiers that the client chooses (MQTT 3.1.1 §2.3.1), as they stand in the packets that it writes. */

import assert from "node:assert/strict";
import Scene, { broker } from "./scene.js";

/** A connected client that publishes at QoS 1, and a broker that acknowledges. */
class Conversation {
	readonly #scene = new Scene({}, Number.MAX_SAFE_INTEGER).connected();

	/** Publishes, and returns the packet identifier: of an empty payload it is the last two bytes. */
	take(): number {
		this.#scene.client.write(undefined, { topic: "t", QoS: 1 });
		const packet = Buffer.from(this.#scene.line.writes.at(-1)?.bytes ?? []);
		this.#scene.forget();
		return packet.readUInt16BE(packet.byteLength - 2);
	}
	free(id: number): void {
		this.#scene.line.send(broker.acknowledge(4, id));
	}
}

describe("identifiers", () => {
	it("The first identifier is 1, and each next one follows [MQTT-2.3.1-1]", () => {
		const client = new Conversation();
		assert.deepEqual([client.take(), client.take(), client.take()], [1, 2, 3]);
	});

	it("After 65535 comes 1, never 0 [MQTT-2.3.1-1]", () => {
		const client = new Conversation();
		for (let i = 1; i <= 65_535; i++) {
			assert.equal(client.take(), i);
			client.free(i);
		}
		assert.equal(client.take(), 1);
	});

	it("An identifier in use is skipped when the count comes round to it [MQTT-2.3.1-2]", () => {
		const client = new Conversation();
		const kept = [1, 3];
		for (let i = 1; i <= 65_535; i++) {
			const id = client.take();
			if (!kept.includes(id)) client.free(id);
		}
		assert.deepEqual([client.take(), client.take(), client.take()], [2, 4, 5]);
	});

	it("An identifier that is released may be used again [MQTT-2.3.1-3]", () => {
		const client = new Conversation();
		client.free(client.take());
		const seen = new Set<number>();
		for (let i = 0; i < 65_535; i++) {
			const id = client.take();
			seen.add(id);
			client.free(id);
		}
		assert.ok(seen.has(1));
	});

	it("The acknowledgement of an identifier that was not taken changes nothing", () => {
		const client = new Conversation();
		client.take();
		client.free(7);
		assert.equal(client.take(), 2);
		client.free(7);
		assert.equal(client.take(), 3);
	});

	it("With all 65535 in use the next publish throws, and succeeds once one is released [MQTT-2.3.1-2]", function () {
		this.timeout(60_000);
		const client = new Conversation();
		for (let i = 0; i < 65_535; i++) client.take();
		assert.throws(() => client.take(), /id: expected a free one/);
		client.free(4711);
		assert.equal(client.take(), 4711);
		assert.throws(() => client.take(), /id: expected a free one/);
	});
});
