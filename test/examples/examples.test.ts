/** Each example as its README starts it on the desk, on both engines, against the desk's own broker. */

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startBroker } from "../../hosts/desk/broker.js";
import { Command, root } from "../firmware/command.js";
import { Observer } from "../firmware/observer.js";
import { engines } from "../firmware/scene.js";
import { examples } from "./table.js";

describe("the examples", function () {
	this.timeout(60_000);
	let data: string;

	before(() => {
		data = mkdtempSync(join(tmpdir(), "glowworm-examples-"));
	});
	after(() => rmSync(data, { recursive: true, force: true }));

	it("are all here, each a manifest, a program and a README of at most fifteen lines", () => {
		const folders = readdirSync(join(root, "examples"), { withFileTypes: true }).filter(entry =>
			entry.isDirectory(),
		);
		assert.deepEqual(folders.map(({ name }) => name).sort(), Object.keys(examples).sort());
		for (const { name } of folders) {
			const files = readdirSync(join(root, "examples", name));
			for (const file of ["manifest.json", "main.ts", "README.md"])
				assert.ok(files.includes(file), `${name}/${file}`);
			const readme = readFileSync(join(root, "examples", name, "README.md"), "utf8");
			assert.ok(readme.trimEnd().split("\n").length <= 15, name);
		}
	});
	for (const { name: engine, missing } of engines)
		for (const [name, { says, told, answers }] of Object.entries(examples))
			it(`${name} runs in ${engine} by npm start -- --firmware examples/${name}`, async function () {
				if (missing) this.skip();
				// Listened to before the program starts: what it says first is not retained.
				const broker = await startBroker({ host: "127.0.0.1", port: 0 });
				const observer = await Observer.connect(broker.url);
				const command = Command.start(
					...["--firmware", `examples/${name}`, "--engine", engine, "--broker", broker.url, "--no-page"],
					...["--data", join(data, `${name}-${engine}`)],
				);
				try {
					for (const [topic, text] of says) await observer.next(topic, text, 0);
					if (told) await observer.publish(...told);
					if (answers) await observer.next(...answers, 0);
					command.child.kill("SIGINT");
					assert.equal((await command.ended).code, 0);
				} finally {
					await command.destroy();
					await observer.close();
					await broker.close();
				}
			});
	it("client says in plain words that it is over when its broker goes, and ends without an error", async () => {
		const broker = await startBroker({ host: "127.0.0.1", port: 0 });
		const command = Command.start(
			...["--firmware", "examples/client", "--engine", "node", "--broker", broker.url, "--no-page"],
			...["--data", join(data, "client-over")],
		);
		try {
			await command.line(/subscribed to example\/in/);
			await broker.close();
			await command.line(/no connection \(reason 2\): the client alone does not connect again/);
			assert.equal((await command.ended).code, 0);
		} finally {
			await command.destroy();
			await broker.close();
		}
	});
	it("a program that is not there, or has no main, is told in one line", async () => {
		const none = await Command.start("--firmware", "examples/none", "--no-page").ended;
		assert.equal(none.code, 2);
		assert.match(none.lines.join("\n"), /^--firmware: expected a file or its folder, found no /m);
	});
});
