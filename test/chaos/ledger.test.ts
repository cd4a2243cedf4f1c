/**
 * The account of a campaign is wrong in no direction: what is missing, twice, invented or out of order is said, and
 * what flash holds is read from its records as the journal itself reads it.
 */

import assert from "node:assert/strict";
import { generate } from "mqtt-packet";
import { encode } from "../../modules/mqtt/codec.js";
import Store from "../../modules/store/store.js";
import { Cut, TestFlash } from "../flash.js";
import { Ledger } from "./ledger.js";
import { AlertTap } from "./tap.js";
import { Witness } from "./witness.js";

const alert = (id: string, state = "ON", rule = "a") => ({ id, rule, state });

describe("account of alerts", () => {
	it("lists what was accepted and not delivered, and where it was last seen", () => {
		const ledger = new Ledger();
		ledger.note({ what: "intended", ...alert("1-1") });
		ledger.note({ what: "queued", sequence: 7, copied: false, ...alert("1-2", "OFF") });
		ledger.sent(alert("1-2", "OFF"), false);
		ledger.acknowledged("1-2");
		ledger.note({ what: "released", sequence: 7 });
		ledger.died();
		ledger.note({ what: "intended", ...alert("1-1") }, true);
		assert.deepEqual([ledger.pending, ledger.outlived], [2, 2]);
		assert.deepEqual(ledger.missing, [
			"1-1 (a ON): remembered, not seen in the outbox, never sent, never acknowledged; last in life 1",
			"1-2 (a OFF): journal 7, sent 1 times, acknowledged 1 times, released from the journal; last in life 0",
		]);
	});

	it("counts a second delivery as a duplicate and no second alert", () => {
		const ledger = new Ledger();
		ledger.note({ what: "intended", ...alert("1-1") });
		ledger.note({ what: "queued", sequence: 1, copied: true, ...alert("1-1") }, true);
		ledger.deliver(alert("1-1"));
		ledger.deliver(alert("1-1"));
		assert.deepEqual([ledger.accepted, ledger.delivered, ledger.duplicates], [1, 1, 1]);
		assert.deepEqual([ledger.missing, ledger.invented, ledger.broken, ledger.reordered], [[], [], [], []]);
	});

	it("says what was delivered though flash never held it", () => {
		const ledger = new Ledger();
		ledger.deliver(alert("1-1"));
		assert.equal(ledger.invented.length, 1);
	});

	it("takes no alert for invented or repeated that was in RAM while flash took no writes, and all others as before", () => {
		const queued = (id: string, state: string, sequence: number) =>
			({ what: "queued", sequence, copied: false, ...alert(id, state) }) as const;
		const ledger = new Ledger();
		ledger.note(queued("1-1", "ON", 1));
		ledger.note(queued("1-2", "OFF", 2));
		ledger.refused();
		ledger.deliver(alert("1-3", "ON"));
		ledger.died();
		ledger.note(queued("2-1", "ON", 3));
		assert.deepEqual([ledger.invented, ledger.broken], [[], []]);
		assert.deepEqual(
			[ledger.accepted, ledger.pending],
			[3, 3],
			"what flash has taken must still be delivered",
		);
		const strict = new Ledger();
		strict.deliver(alert("1-3", "ON"));
		strict.refused();
		strict.deliver(alert("1-4", "OFF"));
		assert.equal(strict.invented.length, 0, "the last before it may be in doubt");
		const before = new Ledger();
		before.deliver(alert("1-3", "ON"));
		before.deliver(alert("1-4", "OFF"));
		before.refused();
		assert.equal(before.invented.length, 1);
	});

	it("says when an edge was repeated or one vanished, in the order of boots and numbers", () => {
		const ledger = new Ledger();
		for (const [id, state] of [
			["10-1", "OFF"],
			["9-2", "ON"],
			["9-10", "OFF"],
			["10-2", "OFF"],
		] as const)
			ledger.note({ what: "intended", ...alert(id, state) });
		assert.deepEqual(ledger.broken, ["a: 9-10 and 10-1 are both OFF", "a: 10-1 and 10-2 are both OFF"]);
	});

	it("says when a first delivery comes behind a later one of its rule [MQTT-4.6.0-1]", () => {
		const ledger = new Ledger();
		for (const id of ["1-9", "1-10", "2-1"]) ledger.deliver(alert(id));
		ledger.deliver(alert("1-5", "ON", "b"));
		ledger.deliver(alert("1-9"));
		assert.deepEqual(ledger.reordered, []);
		ledger.deliver(alert("1-11"));
		assert.deepEqual(ledger.reordered, ["a 1-11 after 2-1"]);
	});

	it("says when the lamp goes back to an older version, takes another wish for it, or does what is not stored", () => {
		const ledger = new Ledger();
		ledger.wish(1, true);
		ledger.wish(2, false);
		ledger.note({ what: "lamp", ver: 1, on: true });
		ledger.shine(1);
		ledger.note({ what: "lamp", ver: 2, on: false });
		ledger.note({ what: "lamp", ver: 1, on: true }, true);
		ledger.shine(0);
		assert.deepEqual(ledger.misled, []);
		ledger.shine(1);
		ledger.note({ what: "lamp", ver: 1, on: true });
		ledger.note({ what: "lamp", ver: 2, on: true });
		assert.deepEqual(ledger.misled, ["the lamp is on at version 2", "version 1 after 2", "version 2 as ON"]);
		assert.equal(ledger.applied, 3);
	});
});

describe("tap of a connection", () => {
	const publish = (messageId: number, topic: string, payload: string) =>
		generate({ cmd: "publish", topic, payload, qos: 1, messageId, dup: false, retain: false });
	const puback = (messageId: number) => generate({ cmd: "puback", messageId });
	const ping = generate({ cmd: "pingresp" });
	const down = Buffer.concat([puback(4), ping, puback(5), ping, puback(6)]);

	for (let size = 1; size <= down.byteLength; size++)
		it(`holds an alert's acknowledgement and all behind it until the observer has the alert, in segments of ${size}`, () => {
			const ledger = new Ledger();
			const tap = new AlertTap(ledger);
			const passed: Uint8Array[] = [];
			tap.up(publish(4, "r/b/status", "online"));
			tap.up(publish(5, "r/b/alerts/a", '{"id":"1-1","state":"ON"}'));
			tap.up(publish(6, "r/b/alerts/a/state", '{"state":"ON"}'));
			for (let at = 0; at < down.byteLength; at += size)
				tap.down(down.subarray(at, at + size), bytes => passed.push(bytes));
			assert.deepEqual(Buffer.concat(passed), Buffer.concat([puback(4), ping]));
			ledger.deliver(alert("1-1"));
			assert.deepEqual(Buffer.concat(passed), down);
		});
});

describe("witness of flash", () => {
	it("finds a message exactly when a replay finds it, wherever the power went", () => {
		const witness = new Witness();
		const payload = encode('{"id":"3-1","state":"OFF","v":null}');
		let found = 0;
		for (let after = 1; after <= 3; after++)
			for (let bytes = 0; bytes <= 120; bytes++) {
				const flash = new TestFlash({ blocks: 4, blockLength: 1024 });
				flash.cut(after, Cut.torn, bytes);
				new Store({ partition: flash }).outbox?.append("r/b/alerts/hot", payload);
				const [fact] = [...witness.scan(flash.image)];
				const partition = new TestFlash({ blocks: 4, blockLength: 1024, image: flash.image });
				assert.equal(fact !== undefined, new Store({ partition }).outbox?.length === 1, `${after} ${bytes}`);
				if (fact)
					assert.deepEqual(fact, {
						what: "queued",
						sequence: 1,
						copied: false,
						...alert("3-1", "OFF", "hot"),
					});
				if (fact) found++;
			}
		assert.ok(found > 0);
	});
});
