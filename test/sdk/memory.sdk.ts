/**
 * The firmware in the simulator with the memory of an ESP32: the chip's own `creation`, kept by memory.c. A broker that
 * has a thousand commands for it, long messages, outages: the machine must not end, and SPARE bytes stay free. It takes longest, and
 * mostly waits: `npm run test:sdk` begins with it, and runs the other files beside it.
 */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { features } from "../../main.js";
import { check, type Description } from "../../modules/device/description/description.js";
import type { SensorDriver } from "../../modules/device/io.js";
import { heapOf } from "../../modules/device/start.js";
import { freePort, type TestBroker } from "../firmware/brokers.js";
import { Observer } from "../firmware/observer.js";
import { TLSBroker } from "../firmware/tlsbroker.js";
import { validate } from "../homeassistant/validator.js";
import { Authority } from "../hosts/certificates.js";
import { openBroker, skipWithoutScene } from "./scene.js";
import { buildSimulator, display, limited, output, root, Simulator } from "./sdk.js";

const { config, creation } = JSON.parse(readFileSync(join(root, "hosts/esp32/manifest.json"), "utf8"));
const folder = join(output, "projects", "memory");
const base = "t/limited";
/** Bytes that must stay free at the worst moment; and with as many sensors as fit, of which all alerts change at once. */
const SPARE = 8192;
const MORE = 12_288;
/** Names that there is room for at run time, beside those that are linked (the SDK's manifest_base.json): then a larger table is made. */
const KEYS = 32;
const MANY = 1000;
const INCREMENTS = creation.heap.incremental * 16 + creation.chunk.incremental;

const board = {
	root: "t",
	id: "limited",
	keepAlive: 5000,
	sensors: [
		{ name: "chip", driver: "temperature", every: 1000, decimals: 1, unit: "°C" },
		{ name: "signal", driver: "humidity", every: 3000, decimals: 0, unit: "%" },
	],
	alerts: [{ name: "overheat", sensor: "chip", above: 70, clear: 65 }],
	lamp: { pin: "led", dimmable: true },
	homeAssistant: true,
};

describe("the firmware in Moddable's simulator, with the memory of an ESP32", function () {
	this.timeout(600_000);
	const authority = new Authority("Test authority");
	let broker: Pick<TestBroker, "stop" | "start" | "close">;
	let observer: Observer;
	let screen: Awaited<ReturnType<typeof display>>;
	let simulator: Simulator | undefined;
	let so: string;
	let address: string;
	const rows: Record<string, object> = {};

	before(async function () {
		skipWithoutScene(this);
		screen = await display();
		mkdirSync(folder, { recursive: true });
		const own = join(root, "test/sdk/memory");
		const device = authority.issue({ name: "board", keys: "rsa" });
		const files = { ca: authority.certificate, device: device.certificate, "device-key": device.key };
		for (const [file, bytes] of Object.entries(files)) writeFileSync(join(folder, `${file}.der`), bytes);
		const manifest = {
			build: { NAME: "memory" },
			config: { certificates: { ca: "ca.der", certificate: "device.der", key: "device-key.der" } },
			data: { "*": Object.keys(files).map(file => `./${file}`) },
			include: [join(root, "hosts/moddable/board/manifest.json")],
			creation,
			modules: { main: join(own, "main"), memory: join(own, "memory") },
			preload: ["main", "memory"],
		};
		writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
	});
	after(() => {
		screen?.close();
		if (Object.keys(rows).length) console.table(rows);
	});
	afterEach(async () => {
		await simulator?.kill();
		await observer?.close();
		await broker?.close();
	});

	/** Its time goes by `speed` times as fast. */
	const boot = (memory: number = creation.static, speed = 1) => {
		const settings = { MEMORY: `${memory}`, SPEED: `${speed}` };
		simulator = new Simulator(so, screen.name, join(root, "test/sdk/mockup"), settings);
		return simulator;
	};
	/** The broker's address, for the board. */
	async function open(): Promise<string> {
		const plain = await openBroker();
		broker = plain;
		address = plain.url;
		observer = await Observer.connect(plain.url);
		return plain.url;
	}
	/** As `open`, for a board that speaks TLS. */
	async function openSecure(data: string): Promise<string> {
		const server = authority.issue({ name: "server", names: ["localhost"] });
		const plain = await freePort();
		const both = await TLSBroker.open(data, authority, server, [`listener ${plain} 127.0.0.1`]);
		const never = () => Promise.reject(new Error("it is not stopped"));
		broker = { close: () => both.close(), stop: never, start: never };
		observer = await Observer.connect(`mqtt://127.0.0.1:${plain}`);
		return `mqtts://localhost:${both.port}`;
	}
	async function build(description: object, memory?: number, secure = false): Promise<void> {
		const data = mkdtempSync(join(output, "memory-"));
		const url = secure ? await openSecure(data) : await open();
		const settings = {
			data,
			broker: url,
			board: JSON.stringify(description),
			heap: `${memory ?? config.heap}`,
			...(memory && { used: "yes" }),
		};
		so = (await buildSimulator(settings, folder, "memory", limited)).so;
	}
	/** A board that has been online, and is away now. */
	async function away(description: object, memory?: number, secure = false): Promise<void> {
		await build(description, memory, secure);
		boot(memory);
		await observer.next(`${base}/status`, "online", 0, 60_000);
		await observer.next(`${base}/measurements/signal`, undefined, 0, 60_000);
		await simulator?.kill();
	}
	/** What memory.c said last. */
	function at(lines: readonly string[]) {
		const last = lines.findLast(line => /^memory: \d+ \d+ \d+ \d+ \d+$/.test(line)) as string;
		const [left = 0, slots = 0, chunks = 0, keys = 0, stack = 0] = last.slice(8).split(" ").map(Number);
		return { left, slots, chunks, keys, stack };
	}
	/** What the log says of memory at last: nothing has ended the machine, and `spare` was never touched. */
	async function healthy(row: string, spare = SPARE): Promise<void> {
		const { lines } = simulator as Simulator;
		await (simulator as Simulator).line(/^memory: /, 5000);
		const abort = lines.find(line => /XS abort/.test(line));
		assert.ok(!abort, `${abort}; the log ends with\n${lines.slice(-5).join("\n")}`);
		const { left, slots, chunks, keys, stack } = at(lines);
		rows[row] = { left, slots, chunks, keys, stack };
		assert.ok(left >= spare, `${left} bytes were left, ${spare} must be`);
		assert.ok(keys <= KEYS, `${keys} names were made at run time, ${KEYS} have room`);
	}
	/** The outcome of `waiting`, or the end of the machine. */
	function alive<Result>(waiting: Promise<Result>, patience = 580_000): Promise<Result> {
		return Promise.race([
			waiting,
			(simulator as Simulator).line(/XS abort/, patience).then(line => {
				const said = (simulator as Simulator).lines
					.filter(each => !each.startsWith("> measurements"))
					.slice(-12);
				throw new Error(`${line}; the log ends with\n${said.join("\n")}`);
			}),
		]);
	}
	const answers = (mark: number) =>
		new Set(observer.since(mark, `${base}/cmd/result`).map(({ text }) => JSON.parse(text).cid));

	// With the last increments of slots and of chunks, which may be hardly used.
	const cloud = { homeAssistant: false, profile: "aws", keepAlive: 30_000, shadow: true, jobs: true };
	const plain = { homeAssistant: false };
	for (const [count, more, what] of [
		[1, plain, ""],
		[4, plain, ""],
		[16, plain, ""],
		[32, plain, ""],
		[2, {}, ", Home Assistant"],
		[16, {}, ", Home Assistant"],
		[2, cloud, ", AWS's shadows and jobs"],
		[16, cloud, ", AWS's shadows and jobs"],
	] as const)
		it(`uses, with ${count} sensors, an alert each${what}, no more than the budget counts for it`, async () => {
			const further = Array.from({ length: count - 1 }, (_, i) => ({ ...board.sensors[0], name: `s${i}` }));
			const sensors = [{ ...board.sensors[1] }, ...further];
			const alerts = sensors.map(({ name }) => ({ name: `high-${name}`, sensor: name, above: 200 }));
			const raw = { ...board, sensors, alerts, ...more };
			await away(raw, 1_000_000);
			const mark = observer.mark;
			boot(1_000_000);
			await observer.next(`${base}/measurements/signal`, undefined, mark, 60_000);
			await observer.next(`${base}/measurements/signal`, undefined, observer.mark, 60_000);
			const last = simulator?.lines.findLast(line => line.startsWith("used: ")) ?? "";
			assert.match(last, /^used: [1-9]\d* [1-9]\d* [1-9]\d*$/);
			const [slots = 0, chunks = 0, stack = 0] = last.slice(6).split(" ").map(Number);
			const used = 16 * slots + chunks;
			const drivers = { temperature: {} as SensorDriver, humidity: {} as SensorDriver };
			const { description } = check(raw, { sensor: drivers, forms: features });
			const counted = heapOf(description as Description, features);
			rows[`${count} sensors${what}, idle`] = {
				slots,
				chunks,
				used,
				counted,
				stack,
			};
			assert.ok(used <= counted - INCREMENTS, `${used} bytes, ${counted} are counted`);
		});

	/** `count` sensors that all cross the limits of their alerts in the same moments, twice a minute. */
	const crossing = (count: number) => {
		const names = ["signal", ...Array.from({ length: count - 1 }, (_, i) => `s${i}`)];
		const wave = { driver: "wave", every: 100, decimals: 1, minimum: 0, maximum: 100, period: 60_000 };
		const sensors = names.map(name => ({ ...wave, name }));
		const alerts = names.map(name => ({ name: `high-${name}`, sensor: name, above: 60, clear: 40 }));
		return { ...board, homeAssistant: false, sensors, alerts };
	};

	it(`runs 16 sensors of 10 Hz with an alert each, all at once, for an hour of its time: every edge comes, and ${MORE} bytes stay free`, async function () {
		this.timeout(1_800_000);
		const description = crossing(16);
		await away(description);
		const mark = observer.mark;
		boot(undefined, 6);
		const time = ({ text }: { text: string }) => JSON.parse(text).ts as number;
		const first = time(await alive(observer.next(`${base}/measurements/signal`, undefined, mark, 60_000)));
		const hour = (message: { text: string }) => time(message) - first >= 3_600_000;
		await alive(observer.next(`${base}/measurements/signal`, hour, mark, 1_700_000), 1_700_000);
		const sequences: number[] = [];
		for (const { name } of description.alerts) {
			const edges = observer.since(mark, `${base}/alerts/${name}`);
			assert.ok(edges.length >= 100, `${edges.length} edges of ${name}`);
			for (const { text } of edges) sequences.push(Number(JSON.parse(text).id.split("-")[1]));
		}
		// The last may be on their way.
		const missing = Array.from({ length: Math.max(...sequences) - 32 }, (_, i) => i + 1).filter(
			sequence => !sequences.includes(sequence),
		);
		assert.deepEqual(missing, []);
		await healthy("16 sensors, an hour", MORE);
	});

	it("refuses 64 sensors with an alert each in one line that says by how much, and does not end for it", async () => {
		await build(crossing(64));
		boot();
		const line = await alive((simulator as Simulator).line(/^memory: \d+ sensors/, 60_000));
		assert.match(line, /^memory: 64 sensors and 64 alerts need \d+ bytes more than there are$/);
		await alive((simulator as Simulator).line(/^memory: \d+ \d+/, 60_000));
		const { left, slots, chunks, keys, stack } = at((simulator as Simulator).lines);
		rows["64 sensors, refused"] = { left, slots, chunks, keys, stack };
		assert.ok(!(simulator as Simulator).lines.some(line => /XS abort/.test(line)));
	});

	for (const [title, command] of [
		["info", { cmd: "info" }],
		["config", { cmd: "config", set: { sensors: { chip: { every: 2000 } } } }],
	] as const)
		it(`does ${MANY} commands that waited for it (${title}), and answers each`, async () => {
			await away(board);
			for (let i = 0; i < MANY; i++) await observer.publish(`${base}/cmd`, { ...command, cid: `c${i}` });
			const mark = observer.mark;
			boot();
			const last = () => answers(mark).size === MANY;
			await alive(observer.next(`${base}/cmd/result`, last, mark, 560_000));
			await healthy(`${MANY} × cmd ${title}`);
		});

	it("does 200 commands that waited for it over TLS, and answers each", async () => {
		await away(board, undefined, true);
		for (let i = 0; i < 200; i++) await observer.publish(`${base}/cmd`, { cmd: "info", cid: `c${i}` });
		const mark = observer.mark;
		boot();
		await alive(observer.next(`${base}/cmd/result`, () => answers(mark).size === 200, mark, 560_000));
		await healthy("200 × cmd info over TLS");
	});

	for (const topic of ["desired", "set"])
		it(`carries out ${MANY} messages on lamp/${topic} that waited for it`, async () => {
			await away(board);
			for (let i = 1; i <= MANY; i++) {
				const wish = { state: "ON", brightness: 1 + (i % 255), cid: `w${i}` };
				await observer.publish(`${base}/lamp/${topic}`, topic === "desired" ? { ...wish, ver: i } : wish);
			}
			const mark = observer.mark;
			boot();
			const brightness = 1 + (MANY % 255);
			const shown = new RegExp(
				`"brightness":${brightness},.*${topic === "desired" ? `"ver":${MANY},` : ""}"src":"${topic}"`,
			);
			await alive(observer.next(`${base}/lamp/state`, shown, mark, 560_000));
			await healthy(`${MANY} × lamp/${topic}`);
		});

	it("does 300 wishes of a device shadow that waited for it, and reports the last", async () => {
		await away({ ...board, ...cloud });
		const shadow = `$aws/things/${board.id}/shadow/update`;
		for (let i = 1; i <= 300; i++) {
			const timestamp = 1_780_000_000 + i;
			const stamp = { timestamp };
			await observer.publish(`${shadow}/delta`, {
				version: i,
				timestamp,
				state: { lamp: { state: "ON", brightness: 1 + (i % 255) } },
				metadata: { lamp: { state: stamp, brightness: stamp } },
			});
		}
		const mark = observer.mark;
		boot();
		await alive(observer.next(`${base}/lamp/state`, /"brightness":46,.*"ver":1780000300999/, mark, 560_000));
		await healthy("300 wishes of a shadow");
	});

	it("publishes its document for Home Assistant at each birth, one component after the other, and does commands beside it", async () => {
		const sensors = [0, 1].map(i => ({ ...board.sensors[0], name: `temperature-${i}` }));
		const alerts = sensors.map(({ name }) => ({ name: `high-${name}`, sensor: name, above: 200 }));
		const commands = ["info", "config", "identify", "restart"];
		await away({ ...board, sensors: [...sensors, board.sensors[1]], alerts, commands });
		const topic = `homeassistant/device/${board.id}/config`;
		let mark = observer.mark;
		boot();
		await alive(observer.next(`${base}/status`, "online", mark, 60_000));
		for (let birth = 0; birth < 3; birth++) {
			mark = observer.mark;
			await observer.publish("homeassistant/status", "online");
			for (let i = 0; i < 20; i++) await observer.publish(`${base}/cmd`, { cmd: "info", cid: `c${i}` });
			await alive(observer.next(`${base}/cmd/result`, () => answers(mark).size === 20, mark, 60_000));
			const { text } = await alive(observer.next(topic, ({ retain }) => !retain, mark, 60_000));
			assert.deepEqual(validate(topic, text), []);
		}
		await healthy("documents of 3 sensors");
	});

	it("refuses commands full of names that it does not know", async () => {
		await away(board);
		const names = 20;
		for (let i = 0; i < 100; i++) {
			const values = Array.from({ length: names }, (_, k) => [`n${i * names + k}`, k]);
			await observer.publish(`${base}/cmd`, { cmd: "info", cid: `c${i}`, ...Object.fromEntries(values) });
		}
		const mark = observer.mark;
		boot();
		await observer.publish(`${base}/cmd`, { cmd: "info", cid: "after" });
		await alive(observer.next(`${base}/cmd/result`, /"after".*"ok":true/, mark, 560_000));
		assert.equal(
			observer.since(mark, `${base}/cmd/result`).filter(({ text }) => /"ok":false/.test(text)).length,
			100,
		);
		await healthy("100 × 20 unknown names");
	});

	it("lets messages of 30 KB go by", async () => {
		await away(board);
		for (let i = 0; i < 20; i++) await observer.publish(`${base}/cmd`, "x".repeat(30_000));
		await observer.publish(`${base}/cmd`, { cmd: "info", cid: "after" });
		const mark = observer.mark;
		boot();
		await alive(observer.next(`${base}/cmd/result`, /"after"/, mark, 560_000));
		await healthy("20 × 30 KB");
	});

	it("lets messages on topics of 60 KB go by, which a filter of earlier firmware brings, and does the next command", async () => {
		await away(board);
		const former = await Observer.connect(address, "t/#", { clientId: board.id, clean: false });
		await former.close();
		for (let i = 0; i < 20; i++)
			await observer.publish(`t/${`${i % 10}`.repeat(60_000)}`, "x".repeat(i * 100));
		await observer.publish(`${base}/cmd`, { cmd: "info", cid: "after" });
		const mark = observer.mark;
		boot();
		await alive(observer.next(`${base}/cmd/result`, /"after"/, mark, 560_000));
		const passed = () => (simulator as Simulator).lines.filter(line => /the topic itself/.test(line)).length;
		assert.equal(passed(), 20);
		await healthy("20 topics of 60 KB");
	});

	it("keeps alerts until the outbox is full, and delivers them when the broker is back", async () => {
		const wave = { name: "wave", driver: "wave", every: 20, minimum: 0, maximum: 100, period: 80 };
		const noisy = { ...board, sensors: [...board.sensors, wave] };
		await away({
			...noisy,
			alerts: [...board.alerts, { name: "high", sensor: "wave", above: 60, clear: 40 }],
		});
		const mark = observer.mark;
		boot();
		await observer.next(`${base}/status`, "online", mark, 60_000);
		for (let outage = 0; outage < 2; outage++) {
			await broker.stop();
			await alive((simulator as Simulator).line(/^> alerts\/high .*dropped/, 120_000));
			await broker.start();
			const back = observer.mark;
			await alive(observer.next(`${base}/alerts/high`, undefined, back, 60_000));
		}
		await healthy("outages with a full outbox");
	});
});
