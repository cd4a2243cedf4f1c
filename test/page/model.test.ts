/** What the page makes of what boards publish: boards, curves, alert ids, and the way of a request. No browser. */

import assert from "node:assert/strict";
import { Boards } from "../../hosts/desk/page/model/boards.js";
import { Ids } from "../../hosts/desk/page/model/ids.js";
import { Output } from "../../hosts/desk/page/model/output.js";
import { placeOf } from "../../hosts/desk/page/model/place.js";
import { Series } from "../../hosts/desk/page/model/series.js";

const base = "factory/1/machine/desk-1";
const message = (topic: string, payload: unknown, more: object = {}) => {
	const text = typeof payload === "string" ? payload : JSON.stringify(payload);
	const bytes = new TextEncoder().encode(text);
	return {
		topic,
		payload: bytes,
		byteLength: bytes.byteLength,
		QoS: 1,
		retain: false,
		duplicate: false,
		id: 0,
		at: 1_000_000,
		...more,
	};
};

describe("the page's boards", () => {
	const places: [topic: string, place: string | undefined][] = [
		["a/b/status", "a/b status status"],
		["a/b/info", "a/b info info"],
		["a/b/measurements/temp", "a/b sensor temp"],
		["a/b/alerts/hot", "a/b alert hot"],
		["a/b/alerts/hot/state", "a/b alertState hot"],
		["a/b/lamp/state", "a/b state lamp"],
		["a/b/lamp/desired", "a/b desired lamp"],
		["a/b/cmd/result", "a/b result result"],
		["x/y/z/a/b/status", "x/y/z/a/b status status"],
		["status", undefined],
		["b/status", undefined],
		["a/b/lamp/set", undefined],
		["a/b/anything", undefined],
		["", undefined],
		["///", undefined],
	];
	for (const [topic, expected] of places)
		it(`reads "${topic}" as ${expected ?? "nothing of a board"}`, () => {
			const place = placeOf(topic);
			assert.equal(place && `${place.base} ${place.kind} ${place.name}`, expected);
		});

	it("makes a board of a status, in any order of its retained topics, and lists no other", () => {
		const boards = new Boards();
		boards.receive(message(`${base}/lamp/state`, { state: "ON", brightness: 128, ver: 3, src: "desired" }));
		boards.receive(message(`${base}/info`, { host: "xs", boot: 14, uptime: 1000 }, { retain: true }));
		assert.equal(boards.list.length, 0);
		boards.receive(message(`${base}/status`, "online", { retain: true }));
		boards.receive(message("some/thing/state", { on: true }));
		assert.equal(boards.list.length, 1);
		const [board] = boards.list;
		assert.equal(board?.id, "desk-1");
		assert.equal(board?.root, "factory/1/machine");
		assert.equal(board?.since, undefined, "a retained status says nothing of when");
		assert.equal(board?.uptime(1_000_000), undefined, "and a retained info nothing of now");
		assert.equal(board?.outputs.get("lamp")?.reported?.brightness, 128);
	});

	it("knows which commands a board allows once it has said so", () => {
		const boards = new Boards();
		boards.receive(message(`${base}/status`, "online"));
		assert.equal(boards.get(base)?.allowed, undefined);
		boards.receive(message(`${base}/cmd/result`, { cmd: "help", ok: true, help: { cmd: ["help", "info"] } }));
		assert.deepEqual(boards.get(base)?.allowed, ["help", "info"]);
	});

	it("shows what a board answered rather than what it retained before that, until it starts anew", () => {
		const boards = new Boards();
		boards.receive(message(`${base}/status`, "online"));
		const info = (uptime: number, boot: number, more: object) =>
			boards.receive(message(`${base}/info`, { boot, uptime }, more));
		const board = boards.get(base);
		info(1000, 3, { retain: true });
		assert.deepEqual([board?.info?.uptime, board?.informed], [1000, undefined]);
		boards.receive(message(`${base}/cmd/result`, { cmd: "info", ok: true, info: { boot: 3, uptime: 9000 } }));
		assert.deepEqual([board?.info?.uptime, board?.informed], [9000, 1_000_000]);
		info(1000, 3, { retain: true });
		assert.equal(board?.info?.uptime, 9000, "kept copies of before come again after a reconnect");
		info(500, 4, { retain: true });
		assert.deepEqual([board?.info?.uptime, board?.informed], [500, undefined]);
	});

	it("lets a board go whose status is cleared", () => {
		const boards = new Boards();
		boards.receive(message(`${base}/status`, "offline"));
		assert.equal(boards.list.length, 1);
		boards.receive(message(`${base}/status`, ""));
		assert.equal(boards.list.length, 0);
	});

	it("counts copies of an alert by its id, and what is missing between ids of all rules", () => {
		const boards = new Boards();
		boards.receive(message(`${base}/status`, "online"));
		const alert = (rule: string, id: string, more: object = {}) =>
			boards.receive(
				message(`${base}/alerts/${rule}`, { id, state: "ON", v: 31, ts: 5, tsq: "ntp", ...more }),
			);
		alert("hot", "14-1");
		alert("cold", "14-2");
		alert("hot", "14-5");
		alert("hot", "14-1");
		const board = boards.get(base);
		assert.deepEqual(board?.ids.missing, ["14-3", "14-4"]);
		assert.equal(board?.ids.repeated, 1);
		assert.deepEqual(
			board?.alerts.get("hot")?.edges.map(({ id, copies }) => `${id} ×${copies}`),
			["14-5 ×1", "14-1 ×2"],
		);
		alert("hot", "14-4");
		alert("cold", "14-3");
		assert.deepEqual(board?.ids.missing, [], "late is not lost");
	});

	it("places batches and old values by their own time, and by arrival where the board does not know the time", () => {
		const boards = new Boards();
		const send = (value: object, at = 1_000_000) =>
			boards.receive(message(`${base}/measurements/temp`, value, { at }));
		send({ v: [1, 2, 3], dt: [0, 100, 200], ts: 999_000, tsq: "ntp", seq: 1 });
		send({ v: 0, ts: 998_000, tsq: "held", seq: 4 });
		send({ v: 9, ts: 17, tsq: "uptime", seq: 5 });
		const curve = boards.get(base)?.sensors.get("temp")?.series.curve(0, 2_000_000);
		assert.deepEqual(curve?.times, [998, 999, 999.1, 999.2, 1000]);
		assert.deepEqual(curve?.values, [0, 1, 2, 3, 9]);
	});

	it("counts what QoS 0 lost by seq, batches included, and starts anew with a board that does", () => {
		const boards = new Boards();
		const send = (value: object) => boards.receive(message(`${base}/measurements/temp`, value));
		send({ v: [1, 2], dt: [0, 1], ts: 1, tsq: "ntp", seq: 1 });
		send({ v: 3, ts: 2, tsq: "ntp", seq: 3 });
		assert.equal(boards.get(base)?.sensors.get("temp")?.lost, 0);
		send({ v: 3, ts: 3, tsq: "ntp", seq: 6 });
		assert.equal(boards.get(base)?.sensors.get("temp")?.lost, 2);
		send({ v: 3, ts: 4, tsq: "ntp", seq: 1 });
		assert.equal(boards.get(base)?.sensors.get("temp")?.lost, 2);
	});

	const nonsense = [
		"",
		"null",
		"[]",
		"7",
		'"x"',
		"{",
		'{"v":"x"}',
		'{"v":[null,{}],"dt":"x"}',
		'{"id":7}',
		"\u0000",
	];
	it("takes nonsense on each of its topics without an exception", () => {
		const boards = new Boards();
		for (const name of [
			"status",
			"info",
			"measurements/t",
			"alerts/a",
			"alerts/a/state",
			"lamp/state",
			"lamp/desired",
			"cmd/result",
		])
			for (const text of nonsense) boards.receive(message(`${base}/${name}`, text));
		boards.receive(message(`${base}/cmd/result`, { topic: 7, config: [], info: 3 }));
		assert.equal(boards.list.length, 0);
	});

	it("keeps a bounded number of boards and names under a flood of messages", () => {
		const boards = new Boards();
		for (let i = 0; i < 3000; i++) boards.receive(message(`a/b${i}/status`, "online"));
		assert.equal(boards.list.length, 2000);
		for (let i = 0; i < 300; i++) boards.receive(message(`a/b0/measurements/s${i}`, { v: i }));
		assert.equal(boards.get("a/b0")?.sensors.size, 200);
	});
});

describe("a series", () => {
	it("has a gap where nothing came for three times the usual interval", () => {
		const series = new Series();
		for (const second of [0, 1, 2, 3, 10, 11]) series.add(second * 1000, second);
		const { times, values } = series.curve(0, 20_000);
		assert.deepEqual(values, [0, 1, 2, 3, null, 10, 11]);
		assert.deepEqual(times, [0, 1, 2, 3, 3.001, 10, 11]);
	});

	it("puts a value that comes late where its time is", () => {
		const series = new Series();
		for (const time of [1000, 3000, 2000]) series.add(time, time);
		assert.deepEqual(series.curve(0, 9000).values, [1000, 2000, 3000]);
	});

	it("keeps a day of a fast sensor in bounded room, with minimum and maximum of what it joined", () => {
		const series = new Series();
		const day = 86_400_000;
		for (let time = 0; time < day; time += 500) series.add(time, time % 20_000 === 10_000 ? 100 : 0);
		const { times, maxima } = series.curve(0, day);
		assert.ok(times.length > 3700 && times.length <= 4400, `${times.length} points`);
		assert.equal(maxima[2000], 100);
		const last = series.curve(day - 600_000, day);
		assert.ok(last.times.length >= 1200, `${last.times.length} points of the last ten minutes`);
	});
});

describe("alert ids", () => {
	it("tells a copy, a late one, and one of another start", () => {
		const ids = new Ids();
		assert.equal(ids.add("3-7"), true);
		assert.equal(ids.add("3-7"), false);
		assert.equal(ids.add("3-5"), true);
		assert.deepEqual(ids.missing, ["3-6"]);
		assert.equal(ids.add("4-1"), true);
		assert.equal(ids.add("3-6"), true);
		assert.equal(ids.add("3-6"), false);
		assert.deepEqual([ids.distinct, ids.repeated, ids.missing.length], [4, 2, 0]);
	});
	it("takes an id of another form for a new one each time", () => {
		const ids = new Ids();
		assert.equal(ids.add("x"), true);
		assert.equal(ids.add("x"), true);
	});
});

describe("a request to an output", () => {
	it("has the time as its version, is retained, and is reported when the board's state comes", () => {
		const output = new Output("lamp");
		output.state({ state: "OFF", brightness: 255, ver: 7, src: "desired" }, 0);
		const { level, text, retain } = output.request(true, undefined, 1000);
		assert.equal(level, "desired");
		assert.equal(retain, true);
		assert.equal(JSON.parse(text).ver, 1000);
		output.state({ state: "ON", brightness: 255, ver: 1000, src: "desired" }, 1011);
		assert.equal(output.way?.reported, 11);
	});
	it("is newer than one of the same moment", () => {
		const output = new Output("lamp");
		const versions = [1, 2].map(() => JSON.parse(output.request(true, undefined, 1000).text).ver);
		assert.deepEqual(versions, [1000, 1001]);
	});
	it("is not reported by what another client has switched meanwhile, and says so of what does it later", () => {
		const output = new Output("lamp");
		output.state({ state: "OFF", brightness: 255, ver: 7, src: "desired" }, 0);
		output.request(true, undefined, 1000);
		output.state({ state: "ON", brightness: 9, ver: 7, src: "button" }, 1005);
		assert.equal(output.way?.reported, undefined);
		output.state({ state: "ON", brightness: 255, ver: 1000, src: "desired" }, 1011);
		assert.equal(output.way?.reported, 11);
		output.state({ state: "ON", brightness: 255, ver: 1000, src: "desired" }, 1500);
		assert.equal(output.way?.since, undefined, "the same again is no switching");
		output.state({ state: "OFF", brightness: 255, ver: 1000, src: "set" }, 2000);
		assert.deepEqual(output.way?.since, { src: "set", at: 2000 });
	});
	it("was stored by the time it was done or acknowledged, whichever is seen first", () => {
		const output = new Output("lamp");
		output.request(true, undefined, 1000);
		output.step("done", 1008);
		output.step("stored", 1009);
		assert.deepEqual([output.way?.stored, output.way?.done], [8, 8]);
		output.request(false, undefined, 2000);
		output.step("stored", 2003);
		output.step("done", 2004);
		assert.deepEqual([output.way?.stored, output.way?.done], [3, 4]);
	});
	it("says why it was refused, and takes the version from the refusal", () => {
		const output = new Output("lamp");
		const { text } = output.request(true, undefined, 1000);
		const { cid } = JSON.parse(text);
		output.answered({ cid, ok: false, error: "version 1000 is not newer than 41000", ver: 41_000 }, 1005);
		assert.equal(output.way?.refused, "version 1000 is not newer than 41000");
		assert.equal(JSON.parse(output.request(true, undefined, 2000).text).ver, 41_001);
	});
	it("goes to `set`, live, once the board has said that it takes nothing else", () => {
		const output = new Output("pump");
		const { cid } = JSON.parse(output.request(true, undefined, 1000).text);
		output.answered({ cid, ok: false, error: "expected nothing: it takes live commands only" }, 1005);
		const { level, text, retain } = output.request(true, undefined, 1006);
		assert.equal(level, "set");
		assert.equal(retain, false);
		assert.equal(JSON.parse(text).ver, undefined);
	});
});
