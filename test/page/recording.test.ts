/** Recordings: what a line is, that they are played at their pace, and the way through `npm start` and the page. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Recorded, Recorder, read, replay } from "../../hosts/desk/recording.js";
import { Command } from "../firmware/command.js";
import { Observer } from "../firmware/observer.js";
import { closeBrowser, missing, open } from "./browser.js";

describe("a recording", () => {
	let folder: string;
	let file: string;
	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "glowworm-recording-"));
		file = join(folder, "day.ndjson");
	});
	afterEach(() => rmSync(folder, { recursive: true, force: true }));
	const message = (at: number, topic: string, payload: Uint8Array) => ({
		topic,
		payload,
		byteLength: payload.byteLength,
		QoS: 1,
		retain: true,
		duplicate: false,
		id: 0,
		at,
	});
	const played = async (speed: number, signal = new AbortController().signal) => {
		const messages: Recorded[] = [];
		const result = await replay({ file, speed, signal, publish: async one => void messages.push(one) });
		return { ...result, messages };
	};

	it("has one JSON object a line, is appended to, and is played as it was", async () => {
		for (const text of ["one", "two"]) {
			assert.throws(
				() => new Recorder(join(file, "none"), assert.fail),
				/--record: expected a file that can be written/,
			);
			const recorder = new Recorder(file, error => assert.fail(error));
			recorder.write(message(1000, `a/${text}`, new TextEncoder().encode(text)));
			recorder.write(message(1000, "a/bytes", Uint8Array.of(255, 0)));
			await recorder.close();
		}
		const lines = readFileSync(file, "utf8").trimEnd().split("\n");
		assert.equal(lines.length, 4);
		assert.deepEqual(JSON.parse(lines[0] as string), {
			time: "1970-01-01T00:00:01.000Z",
			topic: "a/one",
			payload: "one",
			qos: 1,
			retain: true,
			dup: false,
		});
		const { messages } = await played(1);
		assert.deepEqual(
			messages.map(({ topic, payload, QoS, retain }) => [topic, payload.toString("latin1"), QoS, retain]),
			[
				["a/one", "one", 1, true],
				["a/bytes", "\u00ff\u0000", 1, true],
				["a/two", "two", 1, true],
				["a/bytes", "\u00ff\u0000", 1, true],
			],
		);
	});

	const none = [
		"",
		"{",
		"null",
		"7",
		'{"topic":"a","payload":"x"}',
		'{"time":"yesterday","topic":"a","payload":"x"}',
		'{"time":"2026-01-01T00:00:00Z","topic":"a/#","payload":"x"}',
		'{"time":"2026-01-01T00:00:00Z","topic":"","payload":"x"}',
		'{"time":"2026-01-01T00:00:00Z","topic":"a"}',
		'{"time":"2026-01-01T00:00:00Z","topic":"a","payload":7}',
		'{"time":"2026-01-01T00:00:00Z","topic":"a","payload":"x","qos":3}',
	];
	for (const line of none)
		it(`has no message in ${line || "an empty line"}`, () => assert.equal(read(line), undefined));

	it("is played to its end past lines that are none, which are counted", async () => {
		const line = (topic: string) => JSON.stringify({ time: "2026-01-01T00:00:00Z", topic, payload: "x" });
		writeFileSync(file, `${line("a")}\nnonsense\n\n${line("b")}`);
		const { played: count, skipped, messages } = await played(1);
		assert.deepEqual([count, skipped, messages.map(({ topic }) => topic)], [2, 1, ["a", "b"]]);
	});

	it("keeps its order at any pace, and ends when it is told to", async () => {
		const line = (second: number) =>
			JSON.stringify({ time: new Date(second * 1000).toISOString(), topic: `t${second}`, payload: "" });
		writeFileSync(file, [0, 1, 2, 3600].map(line).join("\n"));
		const controller = new AbortController();
		const messages: string[] = [];
		const publish = async ({ topic }: Recorded) => {
			messages.push(topic);
			if (topic === "t2") controller.abort();
		};
		await replay({ file, speed: 1000, signal: controller.signal, publish });
		assert.deepEqual(messages, ["t0", "t1", "t2"]);
	});

	it("that cannot be read is one line of complaint", async () => {
		await assert.rejects(played(1), /--replay .*day\.ndjson: expected a recording, found ENOENT/);
	});
});

describe("npm start with a recording", function () {
	this.timeout(60_000);
	let folder: string;
	let file: string;
	const commands: Command[] = [];
	const start = (...args: string[]) => {
		const common = ["--engine", "node", "--broker-port", "0", "--page-port", "0", "--quiet"];
		const command = Command.start("--data", join(folder, "data"), ...common, ...args);
		commands.push(command);
		return command;
	};
	before(() => {
		folder = mkdtempSync(join(tmpdir(), "glowworm-recording-"));
		file = join(folder, "day.ndjson");
	});
	after(async () => {
		for (const command of commands) await command.destroy();
		await closeBrowser();
		rmSync(folder, { recursive: true, force: true });
	});

	it("records what passes, until it ends", async () => {
		const command = start("--record", file);
		const url = /broker at (\S+)/.exec(await command.line(/broker at/))?.[1] as string;
		const observer = await Observer.connect(url, "#");
		await observer.next("factory/1/machine/desk-1/measurements/temp", /"seq":3/, 0);
		await observer.publish("mine", "too", true);
		await observer.close();
		command.interrupt("SIGINT");
		assert.equal((await command.ended).code, 0);
		const lines = readFileSync(file, "utf8").trimEnd().split("\n");
		const messages = lines.map(line => JSON.parse(line));
		const status = messages.filter(({ topic }) => topic === "factory/1/machine/desk-1/status");
		assert.deepEqual(
			status.map(({ payload, retain }) => [payload, retain]),
			[
				["online", true],
				["offline", true],
			],
		);
		assert.ok(
			messages.some(
				({ topic, payload, qos, retain }) => topic === "mine" && payload === "too" && qos === 1 && retain,
			),
		);
	});

	it("plays it once a client listens, without a board, and to the page", async function () {
		const command = start("--replay", file, "--speed", "1");
		await command.line(/day\.ndjson is played once the page is open, or a client has subscribed/);
		const url = /broker at (\S+)/.exec(await command.line(/broker at/))?.[1] as string;
		const page = /page at (\S+)/.exec(await command.line(/page at/))?.[1] as string;
		const observer = await Observer.connect(url, "#");
		await observer.next("factory/1/machine/desk-1/measurements/temp", /"seq":3/, 0);
		if (missing) this.skip();
		const { tab, close } = await open(page);
		await tab.getByText(`replay of ${file}`).waitFor();
		await tab.getByRole("article", { name: "factory/1/machine/desk-1" }).waitFor();
		await close();
		await command.line(/played \d+ messages/);
		await observer.close();
	});

	it("waits with a short one until the page is open, which so sees all of it", async function () {
		if (missing) this.skip();
		const short = join(folder, "short.ndjson");
		const line = (topic: string, payload: string) =>
			JSON.stringify({ time: "2026-01-01T00:00:00Z", topic: `attic/old-1/${topic}`, payload });
		const alert = (id: string) => line("alerts/hot", `{"id":"${id}","state":"ON","v":31}`);
		// No line of it is retained: what passed before the page was there would be gone.
		writeFileSync(short, [line("status", "online"), alert("3-1"), alert("3-2")].join("\n"));
		const command = start("--replay", short);
		const page = /page at (\S+)/.exec(await command.line(/page at/))?.[1] as string;
		const { tab, close } = await open(`${page}#/boards/attic/old-1`);
		await tab.getByRole("cell", { name: "3-1" }).waitFor();
		await tab.getByRole("cell", { name: "3-2" }).waitFor();
		await command.line(/played 3 messages/);
		await close();
	});

	it("says what is wrong with a file that is not there before it starts anything, and exits 2", async () => {
		const { code, lines } = await start("--replay", join(folder, "none.ndjson")).ended;
		assert.equal(code, 2);
		assert.equal(lines.length, 1, lines.join("\n"));
		assert.match(lines[0] as string, /none\.ndjson: expected a recording, found ENOENT/);
	});

	it("refuses a file that is no recording, or has no message, before it starts anything", async () => {
		const other = join(folder, "board.json");
		for (const [text, found] of [
			['{"root":"attic"}\n', 'a line "{"root":"attic"}"'],
			["\n", "an empty file"],
		]) {
			writeFileSync(other, text as string);
			const { code, lines } = await start("--replay", other).ended;
			assert.equal(code, 2);
			assert.equal(lines.length, 1, lines.join("\n"));
			assert.match(lines[0] as string, new RegExp(`board\\.json: expected a recording, found ${found}$`));
		}
	});
	it("refuses a folder, and a speed without a recording", async () => {
		const refused = await start("--replay", folder).ended;
		assert.equal(refused.code, 2);
		assert.match(refused.lines.join("\n"), /expected a recording, found EISDIR/);
		const { code, lines } = await start("--speed", "10").ended;
		assert.equal(code, 2);
		assert.match(lines.join("\n"), /--speed <n>' is of use beside '--replay <file>' only/);
	});
});
