/**
 * `npm start` from outside: what it prints, what it refuses, how it ends.
 */

import assert from "node:assert/strict";
import {
	cpSync,
	existsSync,
	mkdirSync,
	mkdtempSync,
	readdirSync,
	readFileSync,
	rmSync,
	symlinkSync,
	writeFileSync,
} from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { brokers, freePort, type TestBroker } from "./brokers.js";
import { Command, root } from "./command.js";
import { Observer } from "./observer.js";
import { engines, ROOT } from "./scene.js";

/** The checkout as it is after an install without a compiler. */
function withoutEngine(folder: string): string {
	mkdirSync(join(folder, "node_modules"), { recursive: true });
	for (const name of ["main.ts", "modules", "hosts", "package.json", "tsconfig.json"])
		cpSync(join(root, name), join(folder, name), { recursive: true });
	for (const name of readdirSync(join(root, "node_modules")))
		if (name !== "@agoric") symlinkSync(join(root, "node_modules", name), join(folder, "node_modules", name));
	return folder;
}

describe("npm start", function () {
	this.timeout(40_000);
	let directory: string;
	const commands: Command[] = [];
	const observers: Observer[] = [];
	const observe = async (url: string, filter?: string) => {
		const observer = await Observer.connect(url, filter);
		observers.push(observer);
		return observer;
	};
	const start = (...args: string[]) => {
		const command = Command.start("--data", join(directory, "data"), ...args);
		commands.push(command);
		return command;
	};
	const file = (content: string | object) => {
		const path = join(directory, "board.json");
		writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
		return path;
	};
	const description = {
		root: ROOT,
		id: "desk-test",
		sensors: [{ name: "temp", driver: "wave", every: 100 }],
		alerts: [{ name: "overheat", sensor: "temp", above: 30, clear: 28 }],
		lamp: { pin: 2 },
	};

	beforeEach(() => {
		directory = mkdtempSync(join(tmpdir(), "glowworm-start-"));
	});
	afterEach(async () => {
		for (const observer of observers.splice(0)) await observer.close();
		for (const command of commands.splice(0)) await command.destroy();
		rmSync(directory, { recursive: true, force: true });
	});

	it("starts a local AWS IoT Core with --aws, and a board there with a certificate of its own", async () => {
		const config = file(description);
		const ports = ["--broker-port", "0", "--engine", "node", "--no-page"];
		const command = start("--aws", "--config", config, ...ports);
		await command.line(/broker at mqtts:\/\/localhost:\d+, a local AWS IoT Core/);
		await command.line(/→ .*\/desk-test\/status {2}online {2}\[QoS 1, retained\]/);
		command.child.kill("SIGINT");
		assert.equal((await command.ended).code, 0);
		assert.ok(existsSync(join(directory, "data", "aws", "certificates", "desk-test", "certificate.pem")));
	});

	const damage: [file: string, found: RegExp][] = [
		["ca.pem", /certificates in PEM or DER, found neither/],
		["ca.key", /a private key in PEM or DER, found neither/],
		["endpoint.key", /a private key in PEM or DER, found neither/],
		[join("certificates", "desk-test", "certificate.pem"), /certificates in PEM or DER, found neither/],
	];
	it("says in one line which file of its AWS was damaged, and exits 2", async () => {
		const args = [
			"--aws",
			"--config",
			file(description),
			"--broker-port",
			"0",
			"--engine",
			"node",
			"--no-page",
		];
		const first = start(...args);
		await first.line(/→ .*\/desk-test\/status {2}online/);
		first.child.kill("SIGINT");
		await first.ended;
		for (const [name, found] of damage) {
			const path = join(directory, "data", "aws", name);
			const whole = readFileSync(path);
			writeFileSync(path, "damaged");
			const { code, lines } = await start(...args).ended;
			const said = lines.filter(line => line.startsWith("--aws: "));
			assert.equal(said.length, 1, lines.join("\n"));
			assert.match(said[0] as string, found);
			assert.ok(said[0]?.includes(path));
			assert.ok(!lines.some(line => /^ +at /.test(line)));
			assert.equal(code, 2);
			writeFileSync(path, whole);
		}
	});

	it("prints its options on --help and exits 0", async () => {
		const { code, lines } = await start("--help").ended;
		assert.equal(code, 0);
		for (const option of [
			"broker",
			"engine",
			"config",
			"id",
			"root",
			"data",
			"broker-port",
			"host",
			"page-port",
			"no-page",
			"quiet",
		])
			assert.match(lines.join("\n"), new RegExp(`--${option}\\b`));
	});

	const wrongOptions: [args: string[], said: RegExp][] = [
		[["--brokr", "mqtt://x"], /unknown option '--brokr'/],
		[["--engine", "v8"], /'v8' is invalid.*xs, node/],
		[["--broker", "http://x"], /expected mqtt:\/\/HOST/],
		[["--aws", "lenient"], /'lenient' is invalid.*strict/],
		[["--aws", "--broker", "mqtt://x"], /cannot be used with/],
		[["--broker"], /argument missing/],
		[["--broker-port", "65536"], /expected a port/],
		[["--broker-port", "one"], /expected a port/],
		[["--page-port", "65536"], /expected a port/],
		[["--boards", "0"], /expected a number of boards, 1 to 200/],
		[["--boards", "many"], /expected a number of boards/],
		[["--broker", "mqtt://x", "--broker-port", "1884"], /cannot be used with/],
		[["--log", "alerts,alarm"], /expected some of .*, found "alarm"/],
		[["more"], /too many arguments/],
		[["--id", "no spaces"], /^--id: expected .*found "no spaces"/m],
		[
			["--id", "a-name-of-24-characters-"],
			/^--id: expected 1 to 23 characters.*found "a-name-of-24-characters-"/m,
		],
		[["--root", "a/+/b"], /^--root: expected .*found "a\/\+\/b"/m],
		[["--host", "203.0.113.1", "--engine", "node"], /--host 203\.0\.113\.1.*no broker can listen there/],
	];
	for (const [args, said] of wrongOptions)
		it(`says what is wrong with ${args.join(" ")} and exits 2`, async () => {
			const { code, lines } = await start(...args).ended;
			assert.match(lines.join("\n"), said);
			assert.equal(code, 2);
		});

	it("says what is wrong with a data folder that cannot be made, and exits 2", async function () {
		if (process.platform !== "linux") this.skip();
		const { code, lines } = await Command.start("--data", "/proc/none/of/these").ended;
		assert.equal(code, 2);
		assert.match(
			lines.join("\n"),
			/^\/proc\/none\/of\/these: expected a folder to write in, found .*ENOENT/m,
		);
	});
	it("prints the messages that --log names, and no others", async () => {
		const port = await freePort();
		const command = start(
			"--config",
			file(description),
			"--broker-port",
			`${port}`,
			"--log",
			"status,alerts",
			"--no-page",
		);
		await command.line(/→ \S+\/alerts\/overheat\/state/);
		const observer = await observe(`mqtt://127.0.0.1:${port}`);
		await observer.next(`${ROOT}/desk-test/measurements/temp`, undefined, 0);
		command.interrupt("SIGINT");
		const { lines } = await command.ended;
		assert.ok(lines.some(line => /→ \S+\/status {2}offline/.test(line)));
		assert.ok(!lines.some(line => /measurements|lamp\/state/.test(line)));
	});

	const { id: _id, ...nameless } = description;
	const wrongFiles: [title: string, content: string | object, said: RegExp][] = [
		["without an id", nameless, /board\.json: id: expected .*, found nothing$/m],
		[
			"with an unknown key",
			{ ...description, lmap: {} },
			/board\.json: lmap: expected .*"lamp".*, found "lmap"$/m,
		],
		[
			"with an unknown driver",
			{ ...description, sensors: [{ name: "temp", driver: "wav", every: 100 }] },
			/board\.json: sensors\[0\]\.driver: expected .*"wave".*, found "wav"$/m,
		],
		[
			"with a rate out of range",
			{ ...description, sensors: [{ name: "temp", driver: "wave", every: 1 }] },
			/board\.json: sensors\[0\]\.every: expected .*, found 1$/m,
		],
		[
			"with a file to replay that is not there",
			{ ...description, sensors: [{ name: "temp", driver: "replay", every: 100, file: "none.csv" }] },
			/board\.json: sensors\[0\]: .*none\.csv: expected .*, found ENOENT$/m,
		],
		["that is not JSON", "{", /board\.json: expected JSON, found /],
		["that is a list", "[]", /board\.json: expected a JSON object, found \[\]/],
	];
	for (const [title, content, said] of wrongFiles)
		it(`starts nothing for a description ${title}, says where it is wrong, and exits 2`, async () => {
			const port = await freePort();
			const { code, lines } = await start("--config", file(content), "--broker-port", String(port)).ended;
			assert.match(lines.join("\n"), said);
			assert.equal(lines.filter(line => line.includes("broker at")).length, 0);
			assert.equal(code, 2);
		});

	it("says so when there is no such description and exits 2", async () => {
		const { code, lines } = await start("--config", join(directory, "none.json")).ended;
		assert.match(lines.join("\n"), /none\.json: expected a board description, found no such file/);
		assert.equal(code, 2);
	});

	it("takes the next free port when the broker's is taken, and says which", async () => {
		const other = createServer().listen(0, "127.0.0.1");
		await new Promise(done => other.once("listening", done));
		const { port } = other.address() as { port: number };
		try {
			const command = start("--engine", "node", "--broker-port", String(port));
			const line = await command.line(/broker at/);
			const found = /broker at mqtt:\/\/127\.0\.0\.1:(\d+) \(started; port (\d+) is taken\)/.exec(line);
			assert.equal(Number(found?.[2]), port);
			const observer = await observe(`mqtt://127.0.0.1:${found?.[1]}`, `${ROOT}/desk-1/#`);
			await observer.next(`${ROOT}/desk-1/status`, "online", 0);
		} finally {
			other.close();
		}
	});

	it("refuses a data directory that another board is using", async () => {
		const first = start("--engine", "node", "--broker-port", "0");
		await first.line(/status {2}online/);
		const { code, lines } = await start("--engine", "node", "--broker-port", "0").ended;
		assert.match(lines.join("\n"), /process \d+ runs a board with this state/);
		assert.equal(code, 2);
	});

	it("names the boards of --boards", async () => {
		const command = start("--engine", "node", "--quiet", "--no-page", "--boards", "4", "--broker-port", "0");
		await command.line(/· board desk-1 in Node, topics/);
		await command.line(/· 4 boards: desk-1, desk-2, desk-3, desk-4; all but desk-1 in Node and without /);
	});

	it("prints no messages with --quiet", async () => {
		const port = await freePort();
		const command = start("--engine", "node", "--quiet", "--broker-port", String(port));
		await command.line(/broker at/);
		const observer = await observe(`mqtt://127.0.0.1:${port}`, `${ROOT}/#`);
		await observer.next(`${ROOT}/desk-1/measurements/temp`, undefined, 0);
		command.child.kill("SIGTERM");
		const { code, lines } = await command.ended;
		assert.equal(code, 0);
		assert.deepEqual(
			lines.filter(line => line.includes("measurements")),
			[],
		);
	});

	for (const signal of ["SIGTERM", "SIGINT", "SIGKILL"] as const)
		it(`says goodbye when it is npm that gets ${signal}`, async () => {
			const port = await freePort();
			const own = ["--engine", "node", "--broker-port", String(port), "--data", join(directory, "data")];
			const command = new Command("npm", ["start", "--", ...own]);
			commands.push(command);
			await command.line(/status {2}online/);
			command.child.kill(signal);
			const { code, lines } = await command.ended;
			assert.ok(lines.some(line => line.endsWith("· disconnecting")));
			if (signal !== "SIGKILL") assert.equal(code, 0);
		});

	it("runs in Node, and says so in one line, where no XS engine was built", async () => {
		const copy = withoutEngine(join(directory, "copy"));
		const own = ["hosts/desk/start.ts", "--broker-port", "0"];
		const command = new Command(process.execPath, ["--import", "tsx", ...own], copy);
		commands.push(command);
		await command.line(/status {2}online/);
		assert.match(await command.line(/no XS engine/), /@agoric\/xsnap is not installed; running in Node$/);
	});

	for (const engine of engines)
		describe(`on ${engine.name}${engine.missing ? ` – pending: ${engine.missing}` : ""}`, () => {
			let broker: TestBroker;
			before(async function () {
				if (engine.missing) this.skip();
				// Where Mosquitto is, its will and its keep-alive are the ones to believe.
				const kind = brokers.findLast(({ missing }) => !missing);
				broker = await (kind as (typeof brokers)[number]).open();
			});
			after(() => broker?.close());

			/** The command with a board on `broker`, online, and an observer. */
			async function online(more: object = {}) {
				const observer = await observe(broker.url, `${ROOT}/desk-test/#`);
				const { mark } = observer;
				const config = file({ ...description, ...more });
				const command = start("--engine", engine.name, "--config", config, "--broker", broker.url);
				await observer.next(`${ROOT}/desk-test/status`, "online", mark);
				return { command, observer, status: `${ROOT}/desk-test/status` };
			}

			it("starts a broker and a board whose messages it prints", async () => {
				const command = start("--engine", engine.name, "--broker-port", "0");
				await command.line(/→ factory\/1\/machine\/desk-1\/status {2}online {2}\[QoS 1, retained\]/);
				await command.line(/→ factory\/1\/machine\/desk-1\/info /);
				const line = await command.line(
					/→ factory\/1\/machine\/desk-1\/measurements\/temp {2}\{.*\} {2}\[QoS 0\]/,
				);
				assert.match(line, /^\d\d:\d\d:\d\d\.\d{3} /);
			});

			for (const signal of ["SIGTERM", "SIGINT"] as const)
				it(`publishes offline, disconnects and exits 0 on ${signal}`, async () => {
					const { command, observer, status } = await online();
					const { mark } = observer;
					const offline = observer.next(status, "offline", mark);
					command.child.kill(signal);
					await offline;
					const { code, lines } = await command.ended;
					assert.equal(code, 0);
					assert.ok(lines.some(line => line.endsWith("· disconnecting")));
				});

			it("says goodbye on a Ctrl-C, which goes to all its processes and comes from npm once more", async () => {
				const { command, observer, status } = await online();
				const offline = observer.next(status, "offline");
				command.interrupt("SIGINT");
				command.child.kill("SIGINT");
				await offline;
				const { code, lines } = await command.ended;
				assert.equal(code, 0, lines.join("\n"));
				assert.ok(lines.some(line => line.endsWith("· disconnecting")));
			});

			it("is offline by will when it is killed", async () => {
				const { command, observer, status } = await online({ keepAlive: 2000 });
				const offline = observer.next(status, "offline");
				command.child.kill("SIGKILL");
				await offline;
			});

			it("is offline by will when it falls silent with its connection open, once keep-alive has run out", async () => {
				const { command, observer, status } = await online({ keepAlive: 2000 });
				const offline = observer.next(status, "offline");
				command.child.kill("SIGSTOP");
				await offline;
				command.child.kill("SIGCONT");
				// It finds its connection gone and comes back by itself.
				await observer.next(status, "online");
			});
		});
});
