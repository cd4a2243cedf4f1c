/** What the test client and the topic tree are made of, without a browser: logs, payloads, changes, the tree's bounds. */

import assert from "node:assert/strict";
import { changes, numberAt, numbers } from "../../hosts/desk/page/model/diff.js";
import { toCSV, toNDJSON } from "../../hosts/desk/page/model/export.js";
import { parse } from "../../hosts/desk/page/model/json.js";
import { type Entry, Log } from "../../hosts/desk/page/model/log.js";
import { bytesOf, formOf, hexDump, preview, visible } from "../../hosts/desk/page/model/payload.js";
import { Topics } from "../../hosts/desk/page/model/topics.js";

const bytes = (text: string) => new TextEncoder().encode(text);
const message = (topic: string, payload: Uint8Array | string, more: object = {}) => {
	const value = typeof payload === "string" ? bytes(payload) : payload;
	const rest = { QoS: 0, retain: false, duplicate: false, id: 0, at: 0 };
	return { topic, payload: value, byteLength: value.byteLength, ...rest, ...more };
};

describe("a log", () => {
	it("keeps the newest, as many as wanted, and counts all", () => {
		const log = new Log(3);
		for (const topic of ["a", "b", "c", "d", "e"]) log.add(message(topic, ""));
		assert.deepEqual(
			log.newest().map(({ topic, number }) => `${number} ${topic}`),
			["5 e", "4 d", "3 c"],
		);
		assert.equal(log.count, 5);
		assert.deepEqual(
			log.newest(4).map(({ topic }) => topic),
			["d", "c"],
			"as of a moment ago",
		);
		log.capacity = 1;
		assert.equal(log.length, 1);
	});
	it("keeps no more than 8 MiB of payloads, but the last of any size", () => {
		const log = new Log(5000);
		for (let i = 0; i < 300; i++) log.add(message("a", new Uint8Array(65_536)));
		assert.equal(log.length, 128);
		log.add(message("a", new Uint8Array(9 << 20)));
		assert.equal(log.length, 1);
	});
});

describe("a log as a file", () => {
	const entry = (payload: Uint8Array | string, more = {}): Entry => ({
		...message("a/b", payload),
		number: 1,
		...more,
	});
	it("has one JSON object a line, bytes that are no text in base64, and says what was cut", () => {
		const text = toNDJSON([entry('{"v":1}\n'), entry(Uint8Array.of(0xff, 0)), entry("x", { byteLength: 9 })]);
		const lines = text
			.trim()
			.split("\n")
			.map(line => JSON.parse(line));
		assert.equal(lines[0].payload, '{"v":1}\n');
		assert.equal(lines[1].payloadBase64, "/wA=");
		assert.deepEqual([lines[2].bytes, lines[2].truncated], [9, true]);
		assert.equal(lines[0].time, "1970-01-01T00:00:00.000Z");
	});
	const cells: [payload: string, cell: string][] = [
		["x", "x"],
		["-3.5", "-3.5"],
		["=A1", "'=A1"],
		["@x", "'@x"],
		["-x", "'-x"],
		['a"b', '"a""b"'],
		["a\nb", '"a\nb"'],
	];
	for (const [payload, cell] of cells)
		it(`has ${JSON.stringify(payload)} as ${JSON.stringify(cell)} in CSV`, () => {
			assert.equal(
				toCSV([entry(payload)]).split("\r\n")[1],
				`1970-01-01T00:00:00.000Z,a/b,${cell},0,false,false`,
			);
		});
});

describe("a payload", () => {
	it("is JSON, text or hex by what is in it", () => {
		for (const text of ["{}", "1", '"x"', "null"]) assert.equal(formOf(bytes(text)), "json", text);
		for (const text of ["ON", "{", "é"]) assert.equal(formOf(bytes(text)), "text", text);
		assert.equal(formOf(Uint8Array.of(0xff)), "hex");
		assert.equal(formOf(bytes("a\u0000")), "hex");
	});
	it("is read as it was typed, or it is said what is wrong", () => {
		const read = (typed: string, form: "json" | "text" | "hex") => {
			const result = bytesOf(typed, form);
			return "bytes" in result ? [...result.bytes] : result.error;
		};
		assert.deepEqual(read("0xDE, ad be:".replace(":", ""), "hex"), [0xde, 0xad, 0xbe]);
		assert.match(String(read("0g", "hex")), /no hex digit: g/);
		assert.match(String(read("{", "json")), /^no JSON/);
		assert.deepEqual(read("", "json"), [], "empty clears what is retained");
		assert.deepEqual(read("{", "text"), [123]);
	});
	it("has a line for a list, and a dump", () => {
		assert.equal(preview(bytes(""), 0), "(empty)");
		assert.equal(preview(Uint8Array.of(1, 255), 2), "01 ff");
		assert.equal(preview(bytes("x".repeat(300)), 300, 5), "xxxxx…");
		assert.equal(hexDump(bytes("AB\n"), 100), `000000  41 42 0a${" ".repeat(39)}  AB·`);
		assert.equal(visible("a\nb\u202ec\u007f"), "a␊b\\u202ec␡");
	});
	it("that is nested deeper than a hundred levels is no JSON to look at", () => {
		assert.deepEqual(parse("[".repeat(50) + "]".repeat(50)) !== undefined, true);
		assert.equal(parse("[".repeat(101) + "]".repeat(101)), undefined);
	});
});

describe("changes between two messages", () => {
	it("are found value by value", () => {
		assert.deepEqual(changes({ a: 1, b: { c: [1, 2] } }, { a: 1, b: { c: [1, 3], d: null } }), [
			{ path: "b.c[1]", before: "2", after: "3" },
			{ path: "b.d", before: undefined, after: "null" },
		]);
		assert.deepEqual(changes("ON", "OFF"), [{ path: "(value)", before: '"ON"', after: '"OFF"' }]);
	});
	it("have numbers by path", () => {
		const value = { v: 1.5, a: { b: [-2] }, s: "3" };
		assert.deepEqual(numbers(value), ["v", "a.b[0]"]);
		assert.equal(numberAt(value, "a.b[0]"), -2);
		assert.equal(numberAt(value, "s"), undefined);
	});
});

describe("the topic tree", () => {
	it("knows what is retained, and that it was removed", () => {
		const topics = new Topics();
		topics.receive(message("a", "1", { retain: true }));
		topics.receive(message("b", "1"));
		assert.deepEqual([topics.get("a")?.retained, topics.get("b")?.retained], [true, false]);
		topics.receive(message("a", ""));
		topics.receive(message("b", ""));
		assert.deepEqual([topics.get("a")?.removed, topics.get("b")?.removed], [true, false]);
		topics.receive(message("a", "2"));
		assert.equal(topics.get("a")?.removed, false);
	});
	it("takes what the broker was found to keep for retained, and nothing else", () => {
		const topics = new Topics();
		topics.receive(message("a", "1"));
		topics.receive(message("b", "1", { retain: true }));
		topics.kept([message("a", "1", { retain: true }), message("c", "1", { retain: true })]);
		assert.deepEqual(
			["a", "b", "c"].map(name => topics.get(name)?.retained),
			[true, false, true],
		);
	});
	it("stays removed when a list from before the removal comes behind it", () => {
		const topics = new Topics();
		topics.receive(message("a", "1", { retain: true }));
		topics.receive(message("a", "", { retain: true }));
		topics.kept([message("a", "1", { retain: true })]);
		assert.deepEqual([topics.get("a")?.removed, topics.get("a")?.retained], [true, false]);
	});
	it("tells apart topics with empty levels", () => {
		const topics = new Topics();
		for (const name of ["a", "/a", "a/", "//"]) topics.receive(message(name, "x"));
		assert.deepEqual(topics.names().sort(), ["/a", "//", "a", "a/"].sort());
	});
	it("takes 20 000 levels and 32 MiB, and counts what is beyond", () => {
		const topics = new Topics();
		for (let i = 0; i < 20_100; i++) topics.receive(message(`t${i}`, "x"));
		assert.equal(topics.root.topics, 20_000);
		assert.equal(topics.refused, 100);
		for (let i = 0; i < 1000; i++) topics.receive(message(`t${i}`, new Uint8Array(65_536)));
		let kept = 0;
		for (const { last, previous } of topics.root.children?.values() ?? [])
			kept += (last?.payload.byteLength ?? 0) + (previous?.payload.byteLength ?? 0);
		assert.ok(kept <= (32 << 20) + 1000 * 256 + 20_000, `${kept} bytes`);
	});
});
