/** The data folder of hosts/node belongs to one process: `createDevice` in a second one, and what a crash leaves behind. */

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createDevice } from "../../hosts/node/device.js";
import { Command } from "../firmware/command.js";

describe("hosts/node: a data folder", function () {
	this.timeout(30_000);
	let folder: string;
	let data: string;
	const commands: Command[] = [];
	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "glowworm-lock-"));
		data = join(folder, "state");
	});
	afterEach(async () => {
		for (const command of commands.splice(0)) await command.destroy();
		rmSync(folder, { recursive: true, force: true });
	});
	/** Another program, which makes a device and stays. */
	const program = () => {
		const device = new URL("../../hosts/node/device.ts", import.meta.url);
		const text = `const { createDevice } = await import(${JSON.stringify(device)});
const devices = [1, 2].map(() => createDevice({ description: {}, data: ${JSON.stringify(data)} }));
process.on("SIGTERM", () => process.exit());
process.on("SIGUSR2", () => {
	devices.pop().close();
	console.log("closed", devices.length);
});
console.log("made");
setInterval(() => {}, 1000);`;
		const command = new Command(process.execPath, ["--import", "tsx", "--input-type=module", "-e", text]);
		commands.push(command);
		return command;
	};
	const taken = () => createDevice({ description: {}, data });

	it("is refused, in one line, while another program has it, and free when that has ended", async () => {
		const other = program();
		await other.line(/made/);
		assert.throws(taken, { message: `${data}: process ${other.child.pid} runs a board with this state` });
		other.child.kill("SIGTERM");
		await other.ended;
		assert.ok(!existsSync(join(data, "lock")));
		taken().close();
	});

	it("is free once the other program has closed all its devices there, though it runs on", async () => {
		const other = program();
		await other.line(/made/);
		other.child.kill("SIGUSR2");
		await other.line(/closed 1/);
		assert.throws(taken, /runs a board with this state/);
		other.child.kill("SIGUSR2");
		await other.line(/closed 0/);
		taken().close();
		assert.equal(other.child.exitCode, null);
	});

	it("is free again after a crash", async () => {
		const other = program();
		await other.line(/made/);
		await other.destroy();
		assert.ok(existsSync(join(data, "lock")));
		taken().close();
	});

	it("is free where the crashed program's number was given to another process since", async function () {
		if (process.platform !== "linux") this.skip();
		const other = program();
		await other.line(/made/);
		const [id, began] = readFileSync(join(data, "lock"), "utf8").split(" ");
		assert.equal(Number(id), other.child.pid);
		assert.throws(taken, /runs a board with this state/);
		writeFileSync(join(data, "lock"), `${id} ${Number(began) - 1}`);
		taken().close();
	});

	it("may have several devices of one program, as a board has that is switched off and on", () => {
		taken().close();
		taken().close();
	});

	it("that cannot be made is one line", () => {
		writeFileSync(join(folder, "file"), "");
		data = join(folder, "file", "state");
		assert.throws(taken, /^Error: .*state: expected a folder to write in, found .*ENOTDIR/);
	});
});
