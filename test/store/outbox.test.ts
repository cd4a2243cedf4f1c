import assert from "node:assert/strict";
import { crc32 } from "node:zlib";
import fc from "fast-check";
import { Frame, HEADER, Kind } from "../../modules/store/record.js";
import Store from "../../modules/store/store.js";
import { TestFlash } from "../flash.js";
import { placesOf } from "./layout.js";
import { Driver, PROMISED, type Step } from "./model.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (payload: Uint8Array) => new TextDecoder().decode(payload);

function opened(flash = new TestFlash({ blocks: 8, blockLength: 512 })) {
	const store = new Store({ partition: flash, promised: PROMISED });
	const { outbox } = store;
	assert.ok(outbox, store.description);
	return { store, outbox, flash, again: () => opened(flash) };
}

describe("Outbox", () => {
	it("offers messages in the order of acceptance, with all that was given, also after a restart", () => {
		const { outbox, again } = opened();
		assert.equal(outbox.next(0), undefined);
		assert.equal(outbox.append("a/alerts/überhitzt", bytes("one")), 1);
		assert.equal(outbox.append("b", new Uint8Array(0), { retain: true }), 2);
		assert.equal(outbox.append("c", Uint8Array.of(0, 255, 10)), 3);
		for (const { outbox: one } of [{ outbox }, again()]) {
			assert.equal(one.length, 3);
			assert.equal(one.byteLength, 19 + 3 + 1 + 1 + 3);
			const first = one.next(0);
			assert.deepEqual(
				{ ...first, payload: text(first?.payload as Uint8Array) },
				{
					sequence: 1,
					packetIdentifier: 0,
					topic: "a/alerts/überhitzt",
					payload: "one",
					retain: false,
				},
			);
			const second = one.next(1);
			assert.deepEqual([second?.topic, second?.payload.byteLength, second?.retain], ["b", 0, true]);
			assert.deepEqual([...(one.next(2)?.payload ?? [])], [0, 255, 10]);
			assert.equal(one.next(3), undefined);
		}
	});
	it("keeps a message under the packet identifier it was sent with, also after a restart", () => {
		const { outbox, again } = opened();
		for (const topic of ["a", "b", "c"]) outbox.append(topic, bytes(topic));
		outbox.sent(1, 65535);
		outbox.sent(2, 7);
		const { outbox: one } = again();
		assert.deepEqual(
			[0, 1, 2].map(sequence => one.next(sequence)?.packetIdentifier),
			[65535, 7, 0],
		);
		assert.equal(one.release(7), true);
		assert.equal(one.release(7), false);
		assert.equal(one.release(0), false);
		assert.deepEqual([one.next(0)?.sequence, one.next(1)?.sequence], [1, 3]);
		assert.equal(again().outbox.next(1)?.sequence, 3);
	});
	it("accepts a message together with its packet identifier, in one write, and keeps both over a restart", () => {
		const { flash, outbox, again } = opened();
		outbox.append("a", bytes("a"));
		const { writes } = flash;
		assert.equal(outbox.append("b", bytes("b"), { retain: true }, 65_535), 2);
		assert.equal(flash.writes - writes, 1);
		const { outbox: one } = again();
		const { packetIdentifier, retain } = one.next(1) ?? {};
		assert.deepEqual([one.next(0)?.packetIdentifier, packetIdentifier, retain], [0, 65_535, true]);
		assert.equal(one.release(65_535), true);
		assert.equal(again().outbox.length, 1);
	});
	it("forgets every packet identifier when the broker has no session, and keeps the order", () => {
		const { outbox, again, flash } = opened();
		for (const topic of ["a", "b"]) outbox.append(topic, bytes(topic));
		outbox.sent(1, 4);
		outbox.sent(2, 5);
		outbox.reset();
		const { writes } = flash;
		outbox.reset();
		assert.equal(flash.writes, writes, "nothing to forget, nothing written");
		for (const one of [outbox, again().outbox]) {
			assert.equal(one.release(4), false);
			assert.deepEqual([one.next(0)?.packetIdentifier, one.next(1)?.packetIdentifier], [0, 0]);
		}
		outbox.sent(1, 5);
		assert.equal(again().outbox.next(0)?.packetIdentifier, 5);
	});
	it("counts the messages that are set aside, for ever", () => {
		const { outbox, again } = opened();
		for (const topic of ["a", "b"]) outbox.append(topic, bytes(topic));
		outbox.sent(1, 4);
		const { outbox: one } = again();
		one.quarantine(1);
		one.quarantine(1);
		for (const { outbox: two } of [{ outbox: one }, again()]) {
			assert.deepEqual([two.quarantined, two.length, two.byteLength], [1, 1, 2]);
			assert.equal(two.next(0)?.sequence, 2);
			assert.equal(two.release(4), false);
			assert.equal(two.aside(0)?.topic, "a");
			assert.equal(two.aside(1), undefined);
		}
	});
	it("never gives a sequence twice, though all that carried the numbers is long erased", () => {
		const { flash } = opened();
		let last = 0;
		for (let start = 0; start < 40; start++) {
			const { outbox } = opened(flash);
			for (let count = 0; count < 12; count++) {
				const sequence = outbox.append("topic", bytes("x".repeat(60)));
				assert.equal(sequence, ++last);
				outbox.sent(sequence, 9);
				outbox.release(9);
			}
		}
		assert.ok(flash.wear.every(count => count > 1));
	});
	it("never gives the sequence of a message twice that was the last one, though only its block's header is left of it", () => {
		const { flash, outbox } = opened();
		for (const topic of ["a", "b"]) outbox.append(topic, bytes("x"));
		outbox.sent(2, 1);
		outbox.release(1);
		for (let id = 2; flash.wear.some(count => count < 2); id++) outbox.sent(1, id);
		assert.equal(opened(flash).outbox.append("c", bytes("x")), 3);
	});
	it("leaves a payload as it is while its message is sent, also where that writes and compacts", () => {
		for (const writeAlign of [1, 8, 32]) {
			const { outbox, store } = opened(new TestFlash({ blocks: 6, blockLength: 512, writeAlign }));
			for (let count = 0; count < 3; count++) outbox.append("t", bytes(`kept ${count}`.padEnd(70, ".")));
			let wear = 0;
			for (let round = 0; round < 200; round++) {
				const entry = outbox.next(round % 3);
				assert.ok(entry);
				const payload = text(entry.payload);
				const before = store.counters.compactions;
				outbox.sent(entry.sequence, 10 + (round % 1000));
				wear += store.counters.compactions - before;
				assert.equal(text(entry.payload), payload);
				assert.match(payload, /^kept/);
				assert.equal(outbox.next(round % 3), entry);
			}
			assert.ok(wear > 3);
		}
	});
	it("gives up and counts a message that flash has lost since it was written, and goes on with the next", () => {
		for (const aside of [false, true]) {
			const { outbox, flash, store, again } = opened();
			for (const topic of ["a", "b", "c"]) outbox.append(topic, bytes("payload"));
			if (aside) outbox.quarantine(2);
			// The body of the second record, behind a header of 32 bytes and a record of 36.
			const at = 32 + 36 + 20 + 5;
			flash.image[at] = (flash.image[at] as number) ^ 1;
			assert.equal((aside ? outbox.aside(0) : outbox.next(1))?.sequence, aside ? undefined : 3);
			assert.deepEqual([outbox.length, outbox.byteLength, store.counters.damaged], [2, 16, 1]);
			assert.equal(again().outbox.next(1)?.sequence, 3);
		}
	});
	it("gives up and counts a message whose topic would be longer than its record, though its checks hold", () => {
		const flash = new TestFlash({ blocks: 6, blockLength: 512 });
		opened(flash).outbox.append("a", bytes("x"));
		const frame = new Frame(64);
		frame.bytes.set([9, 0, 0x61, 0x78], HEADER);
		frame.fill(Kind.message, 1, 0, 4, 28);
		frame.seal(1);
		flash.image.set(frame.bytes.subarray(0, 28), 32);
		const { outbox, store } = opened(flash);
		assert.equal(outbox.length, 1);
		assert.equal(outbox.next(0), undefined);
		assert.deepEqual([outbox.length, store.counters.damaged], [0, 1]);
	});
	it("reads a message once, as long as no other one is asked for", () => {
		const flash = new TestFlash({ blocks: 6, blockLength: 512 });
		opened(flash).outbox.append("a", bytes("x"));
		const { outbox } = opened(flash);
		const entry = outbox.next(0);
		flash.read = () => {
			throw new Error("a second time");
		};
		assert.ok(entry);
		assert.equal(outbox.next(0), entry);
	});
	it("gives up and counts a message whose header compaction cannot read", () => {
		const { outbox, flash, store } = opened();
		for (const topic of ["a", "b"]) outbox.append(topic, bytes("payload"));
		flash.image[32 + 8] = 9;
		while (store.counters.compactions < 9) {
			const sequence = outbox.append("c", bytes("x".repeat(50)));
			outbox.sent(sequence, 1);
			outbox.release(1);
		}
		assert.deepEqual([outbox.length, store.counters.damaged, outbox.next(0)?.topic], [1, 1, "b"]);
	});
	it("reads no other bits of a message's state than SPEC.md names", () => {
		const { outbox, flash, again } = opened();
		outbox.append("a", bytes("1"), { retain: true }, 7);
		outbox.append("b", bytes("2"));
		outbox.sent(2, 9);
		const { image } = flash;
		const view = new DataView(image.buffer);
		for (const { address, kind, tag } of placesOf(image, 512, 4)) {
			if (kind === 0) continue;
			view.setUint32(address + 12, (tag | 0xfcff0000) >>> 0, true);
			view.setUint32(address + 16, crc32(image.subarray(address, address + 16)), true);
		}
		const { outbox: one } = again();
		for (const [sequence, packetIdentifier, retain] of [
			[2, 9, false],
			[1, 7, true],
		] as const) {
			const entry = one.next(sequence - 1);
			assert.deepEqual([entry?.packetIdentifier, entry?.retain], [packetIdentifier, retain]);
			assert.equal(one.release(packetIdentifier), true);
		}
		assert.equal(again().outbox.length, 0);
	});
	it("refuses misuse at once, before anything changes", () => {
		const { outbox, flash } = opened();
		outbox.append("a", bytes("1"));
		outbox.append("b", bytes("2"));
		outbox.sent(1, 3);
		const { writes } = flash;
		assert.throws(() => outbox.sent(2, 0), RangeError);
		assert.throws(() => outbox.sent(2, 65536), RangeError);
		assert.throws(() => outbox.sent(2, 3), /identifier 3 is in use/);
		outbox.sent(99, 3);
		outbox.sent(1, 3);
		assert.equal(flash.writes, writes);
	});
});

describe("A full outbox", () => {
	const fill = (outbox: ReturnType<typeof opened>["outbox"], size: number) => {
		let count = 0;
		while (outbox.append("a/alerts/x", bytes(`${++count}`.padEnd(size, "."))));
		return count - 1;
	};
	it("keeps the oldest alerts, says so, and still notes every change of state, for many laps", () => {
		for (const size of [1, 33, 90, 200]) {
			const { outbox, store, again, flash } = opened();
			const held = fill(outbox, size);
			assert.ok(held >= 4, `${held}`);
			assert.deepEqual([outbox.length, store.counters.refused], [held, 1]);
			assert.equal(text(outbox.next(0)?.payload as Uint8Array).trim()[0], "1");
			let identifier = 0;
			for (let lap = 0; lap < 40; lap++) {
				for (let entry = outbox.next(0); entry; entry = outbox.next(entry.sequence)) {
					identifier = (identifier % 60000) + 1;
					outbox.sent(entry.sequence, identifier);
				}
				const { outbox: other } = again();
				for (let sequence = 0; sequence < held; sequence++)
					assert.equal(
						other.next(sequence)?.packetIdentifier,
						outbox.next(sequence)?.packetIdentifier,
						`message ${sequence} of ${size} bytes, lap ${lap}`,
					);
			}
			assert.equal(store.counters.failures, 0);
			assert.ok(Math.min(...flash.wear) > 0);
			for (let sequence = 1; sequence <= held; sequence++)
				assert.equal(outbox.release(outbox.next(0)?.packetIdentifier as number), true);
			assert.equal(again().outbox.length, 0);
			assert.equal(fill(outbox, size), held, "and then it has the same room again");
		}
	});
	it("refuses an alert before it gives up what was set aside, which was accepted too", () => {
		const { outbox } = opened();
		const held = fill(outbox, 50);
		outbox.quarantine(2);
		assert.equal(outbox.append("a/alerts/x", bytes("x".repeat(50))), 0);
		assert.equal(outbox.aside(0)?.sequence, 2);
		assert.deepEqual([outbox.length, outbox.quarantined], [held - 1, 1]);
	});
	it("readmits what was set aside, in its old place, over a restart too", () => {
		const { outbox, again } = opened();
		for (const topic of ["a", "b", "c"]) outbox.append(topic, bytes(topic));
		outbox.sent(2, 4);
		outbox.quarantine(2);
		assert.deepEqual(
			[outbox.readmit(1), outbox.readmit(9), outbox.readmit(2), outbox.readmit(2)],
			[false, false, true, false],
		);
		for (const one of [outbox, again().outbox]) {
			const entry = one.next(1);
			assert.deepEqual([entry?.topic, entry?.packetIdentifier], ["b", 0]);
			assert.deepEqual([one.length, one.byteLength, one.quarantined], [3, 6, 1]);
			assert.equal(one.aside(0), undefined);
		}
		outbox.sent(2, 5);
		assert.equal(outbox.release(5), true);
		assert.equal(again().outbox.length, 2);
	});
	it("holds at most 512 messages, which bounds its RAM, however much room flash has", () => {
		const { outbox } = opened(new TestFlash({ blocks: 16, blockLength: 4096 }));
		for (let count = 1; count <= 512; count++) assert.equal(outbox.append("t", bytes("p")), count);
		assert.equal(outbox.append("t", bytes("p")), 0);
		outbox.sent(1, 1);
		outbox.release(1);
		assert.ok(outbox.append("t", bytes("p")));
	});
	it("refuses a message that no record can hold", () => {
		const { outbox, store } = opened(new TestFlash({ blocks: 16, blockLength: 4096 }));
		assert.equal(outbox.append("t", new Uint8Array(1024)), 0);
		assert.equal(store.counters.refused, 1);
		assert.ok(outbox.append("t", new Uint8Array(1024 - 20 - 4 - 2 - 1)));
	});
});

describe("An outbox whose flash takes no more writes", () => {
	const alert = (count: number) => bytes(`alert ${count}`.padEnd(60, "."));
	const topics = (outbox: ReturnType<typeof opened>["outbox"]) => {
		const found: string[] = [];
		for (let entry = outbox.next(0); entry; entry = outbox.next(entry.sequence))
			found.push(text(entry.payload).replace(/\.+$/, ""));
		return found;
	};
	const fail = (flash: TestFlash, way: "write" | "erase" | "silent" = "write") => {
		for (let block = 0; block < 8; block++) flash.failing[way].add(block);
	};
	const mend = (flash: TestFlash) => {
		for (const way of ["write", "erase", "silent"] as const) flash.failing[way].clear();
	};
	/** As its user does it once a second. */
	const retry = ({ store }: ReturnType<typeof opened>) => {
		for (let second = 0; second < 8; second++) store.retry();
	};
	/** Three alerts in flash, two of them on their way; then flash fails. */
	const failed = (way: "write" | "silent" = "write") => {
		const one = opened();
		const { outbox, flash } = one;
		for (let count = 1; count <= 3; count++) outbox.append("t", alert(count));
		outbox.sent(1, 11);
		outbox.sent(2, 12);
		fail(flash, way);
		if (way === "write") fail(flash, "erase");
		return one;
	};

	for (const way of ["write", "silent"] as const)
		it(`takes alerts in RAM, behind those in flash, and says so (${way === "write" ? "writes throw" : "writes go wrong unnoticed"})`, () => {
			const { outbox, store } = failed(way);
			assert.equal(outbox.broken, false);
			assert.equal(outbox.append("t", alert(4)), 4);
			assert.equal(outbox.broken, true);
			assert.equal(outbox.append("t", alert(5), { retain: true }), 5);
			assert.deepEqual(
				topics(outbox),
				[1, 2, 3, 4, 5].map(count => `alert ${count}`),
			);
			assert.equal(outbox.next(4)?.retain, true);
			assert.deepEqual([outbox.length, outbox.byteLength, store.counters.refused], [5, 5 * 61, 0]);
		});
	it("takes the very first alert in RAM too, when no block can be begun", () => {
		const { outbox, store, flash } = opened();
		fail(flash);
		assert.equal(outbox.append("t", alert(1)), 1);
		assert.deepEqual([outbox.broken, store.counters.refused, topics(outbox)], [true, 0, ["alert 1"]]);
	});
	it("gives out what flash holds and what RAM holds, under identifiers, until each is acknowledged", () => {
		const { outbox } = failed();
		for (const count of [4, 5]) outbox.append("t", alert(count));
		for (let sequence = 3; sequence <= 5; sequence++) outbox.sent(sequence, 10 + sequence);
		assert.equal(outbox.next(3)?.packetIdentifier, 14);
		for (const identifier of [11, 14, 12, 13, 15]) assert.equal(outbox.release(identifier), true);
		assert.deepEqual([outbox.length, outbox.byteLength, outbox.next(0)], [0, 0, undefined]);
		assert.equal(outbox.release(14), false);
	});
	it("gives out the same message again after one was taken in RAM", () => {
		const { outbox } = failed();
		outbox.append("t", alert(4));
		for (const sequence of [0, 3]) {
			const payload = () => text(outbox.next(sequence)?.payload as Uint8Array);
			const before = payload();
			outbox.append("t", alert(99));
			assert.equal(payload(), before);
		}
	});
	it("sets aside and readmits what is in RAM too", () => {
		const { outbox } = failed();
		outbox.append("t", alert(4));
		outbox.quarantine(4);
		assert.deepEqual([outbox.aside(0)?.sequence, outbox.length, outbox.quarantined], [4, 3, 1]);
		assert.equal(outbox.readmit(4), true);
		assert.equal(topics(outbox).at(-1), "alert 4");
		outbox.sent(4, 9);
		outbox.reset();
		assert.equal(outbox.next(3)?.packetIdentifier, 0);
	});
	it("takes no more of them than 8 KiB, and then refuses", () => {
		const { outbox, store } = failed();
		let count = 0;
		while (outbox.append("t", alert(4 + count))) count++;
		assert.equal(count, Math.floor(8192 / 63));
		assert.equal(store.counters.refused, 1);
		outbox.sent(4, 4);
		outbox.release(4);
		assert.ok(outbox.append("t", alert(99)), "there is room again");
	});
	it("writes what is in RAM as soon as flash works again, in order and with its state, before anything newer", () => {
		const one = failed();
		const { outbox, flash, again } = one;
		for (const count of [4, 5, 6]) outbox.append("t", alert(count), { retain: count === 5 });
		outbox.sent(4, 14);
		outbox.sent(5, 15);
		outbox.release(14);
		outbox.quarantine(6);
		retry(one);
		assert.equal(outbox.broken, true, "flash still fails");
		mend(flash);
		assert.equal(outbox.broken, true, "it was not asked yet");
		retry(one);
		assert.equal(outbox.broken, false);
		assert.equal(outbox.append("t", alert(7)), 7);
		const { outbox: other } = again();
		assert.deepEqual(
			topics(other),
			[1, 2, 3, 5, 7].map(count => `alert ${count}`),
		);
		assert.deepEqual([other.next(4)?.packetIdentifier, other.next(4)?.retain], [15, true]);
		assert.equal(other.aside(0)?.sequence, 6);
		assert.equal(other.next(6)?.sequence, 7);
	});
	it("does so with the next alert too, before that one", () => {
		const one = failed();
		const { outbox, flash, store, again } = one;
		outbox.append("t", alert(4));
		mend(flash);
		store.retry();
		for (let count = 5; count < 15; count++) {
			outbox.append("t", alert(count));
			store.retry();
		}
		assert.equal(outbox.broken, false);
		assert.deepEqual(
			topics(again().outbox),
			Array.from({ length: 14 }, (_, index) => `alert ${index + 1}`),
		);
	});
	it("stores no value before the messages that were accepted before it", () => {
		const one = failed();
		const { outbox, flash, store, again } = one;
		const { state } = store;
		outbox.append("t", alert(4));
		mend(flash);
		assert.throws(() => state?.write("lamp", "ON"), /state: flash failed/);
		retry(one);
		state?.write("lamp", "ON");
		const { outbox: other, store: next } = again();
		assert.deepEqual([topics(other).at(-1), next.state?.read("lamp")], ["alert 4", "ON"]);
	});
	it("notes later which messages were acknowledged meanwhile, so that a restart does not send them again", () => {
		const one = failed();
		const { outbox, flash, again } = one;
		for (const identifier of [12, 11]) outbox.release(identifier);
		assert.deepEqual(
			topics(again().outbox),
			[1, 2, 3].map(count => `alert ${count}`),
		);
		assert.equal(outbox.broken, true);
		mend(flash);
		retry(one);
		assert.equal(outbox.broken, false);
		assert.deepEqual(topics(again().outbox), ["alert 3"]);
	});
	it("loses with the power only what was accepted after flash had failed", () => {
		const { outbox, again } = failed();
		for (const count of [4, 5]) outbox.append("t", alert(count));
		outbox.sent(3, 13);
		outbox.release(11);
		const { outbox: other } = again();
		assert.deepEqual(
			topics(other),
			[1, 2, 3].map(count => `alert ${count}`),
		);
		assert.equal(other.append("t", alert(6)), 4, "flash still fails, after the restart too");
		assert.equal(other.broken, true);
	});
	it("refuses what is too much for a full journal, as long as flash works", () => {
		const { outbox, store } = opened();
		while (outbox.append("t", alert(1)));
		assert.deepEqual([outbox.broken, store.counters.refused], [false, 1]);
	});
	it("says once that flash fails, and again after it had worked", () => {
		const one = failed();
		const { store, outbox, flash } = one;
		let calls = 0;
		store.onBroken = () => calls++;
		for (const count of [4, 5]) outbox.append("t", alert(count));
		assert.equal(calls, 1);
		mend(flash);
		retry(one);
		assert.equal(outbox.broken, false);
		fail(flash);
		fail(flash, "erase");
		outbox.append("t", alert(6));
		assert.equal(calls, 2);
	});
});

describe("The price of an alert", () => {
	it("is three writes, of its own size and twice 20 bytes, on a partition of 64 KiB", () => {
		const { outbox, flash } = opened(new TestFlash({ blocks: 16, blockLength: 4096 }));
		const topic = "factory/1/machine/2/alerts/overheat";
		const payload = bytes('{"id":"12-345","state":"ON","v":31.25,"ts":1767225600000,"tsq":"ntp"}');
		const alert = () => {
			const steps: number[] = [];
			const sequence = outbox.append(topic, payload);
			steps.push(flash.bytesWritten);
			outbox.sent(sequence, (sequence % 65535) + 1);
			steps.push(flash.bytesWritten);
			outbox.release((sequence % 65535) + 1);
			steps.push(flash.bytesWritten);
			return steps;
		};
		alert();
		const { writes, bytesWritten } = flash;
		const [appended = 0, sent = 0, released = 0] = alert();
		assert.equal(flash.writes - writes, 3);
		const record = Math.ceil((20 + 2 + 35 + payload.byteLength + 4) / 4) * 4;
		assert.deepEqual([appended - bytesWritten, sent - appended, released - sent], [record, 20, 20]);
		const alerts = 20000;
		for (let count = 0; count < alerts; count++) alert();
		const perErase = alerts / flash.erases;
		const years = (perDay: number) => Math.round((16 * 100000 * perErase) / perDay / 365);
		console.log(
			`      ${record} + 20 + 20 bytes; ${perErase.toFixed(1)} alerts an erase; 100 000 cycles last ${years(100)} years at 100 alerts a day, ${years(10000)} at 10 000`,
		);
		assert.ok(perErase > 23 && flash.bytesWritten / flash.writes < 60);
	});
});

const step: fc.Arbitrary<Step> = fc.oneof(
	{
		weight: 5,
		arbitrary: fc.record({
			do: fc.constant("append" as const),
			topic: fc.nat(2),
			size: fc.nat(90),
			retain: fc.boolean(),
		}),
	},
	{
		weight: 8,
		arbitrary: fc.record({
			do: fc.constantFrom("sent" as const, "sent" as const, "release" as const, "release" as const),
			index: fc.nat(5),
		}),
	},
	{ weight: 1, arbitrary: fc.record({ do: fc.constant("quarantine" as const), index: fc.nat(5) }) },
	{
		weight: 2,
		arbitrary: fc.record({ do: fc.constant("write" as const), key: fc.nat(2), size: fc.nat(40) }),
	},
	{
		weight: 2,
		arbitrary: fc.oneof(
			fc.record({ do: fc.constant("delete" as const), key: fc.nat(2) }),
			fc.record({ do: fc.constantFrom("reset" as const, "reopen" as const) }),
		),
	},
);

describe("Outbox and state against a model", () => {
	const seed = 20260419;
	it(`hold what the model holds, on any partition, for any steps and restarts (seed ${seed})`, () => {
		fc.assert(
			fc.property(
				fc.record({
					blocks: fc.integer({ min: 4, max: 9 }),
					blockLength: fc.constantFrom(256, 320, 512, 1024),
					writeAlign: fc.constantFrom(1, 2, 4, 8, 16, 32),
				}),
				fc.array(step, { minLength: 20, maxLength: 150, size: "max" }),
				(geometry, steps) => {
					const flash = new TestFlash(geometry);
					const driver = new Driver(() => new Store({ partition: flash, promised: PROMISED }));
					for (const one of steps) driver.step(one);
					driver.check();
					driver.step({ do: "reopen" });
					driver.check();
					assert.equal(driver.store.counters.damaged, 0);
				},
			),
			{ seed, numRuns: 400 },
		);
	});
});
