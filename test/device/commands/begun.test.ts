/** A command that ends the machine is known at the next start, and refused the third time. */

import assert from "node:assert/strict";
import { begin, begunRoom } from "../../../modules/device/commands/command.js";
import Memory from "../../../modules/device/memory.js";
import { scripted, World } from "../stage.js";

const bytes = (text: string) => new Uint8Array(Buffer.from(text));

function stage() {
	const world = new World();
	world.sensors = { script: scripted(() => 20) };
	const description = {
		sensors: [{ name: "temp", driver: "script", every: 1000 }],
		lamp: { pin: 2 },
		commands: ["info", "config"],
	};
	return {
		world,
		start() {
			world.start(description);
			world.link.connect();
		},
		/** What a machine leaves that ends in the middle of this command. */
		end(command: string) {
			begin(new Memory(world.memory), bytes(command));
			world.kill();
		},
		ask(command: string) {
			world.link.receive("cmd", command);
			return world.json("cmd/result").at(-1) as { ok: boolean; error?: string };
		},
	};
}

describe("a command that is begun and not finished", () => {
	const command = '{"cmd":"info","cid":"1"}';

	it("is carried out the second time, and refused the third", () => {
		const { world, start, end, ask } = stage();
		start();
		end(command);
		start();
		assert.equal(ask(command).ok, true, "a power cut is no fault of the command");
		end(command);
		start();
		end(command);
		start();
		const { ok, error } = ask(command);
		assert.equal(ok, false);
		assert.match(error as string, /begun twice and never finished/);
		assert.equal(world.records.has("begun"), false);
		assert.equal(ask(command).ok, true, "a new request has two more tries");
	});
	it("does not count against another one", () => {
		const { start, end, ask } = stage();
		for (let i = 0; i < 2; i++) {
			start();
			end(command);
		}
		start();
		assert.equal(ask('{"cmd":"info","cid":"2"}').ok, true);
		assert.equal(ask(command).ok, true);
	});
	it("is counted before it is carried out, in a record no longer than its room", () => {
		const { world, start, ask } = stage();
		start();
		const written: string[] = [];
		const { write } = world.memory;
		world.memory.write = (key: string, value: string) => {
			written.push(`${key} ${value}`);
			assert.ok(key !== "begun" || value.length <= begunRoom[1]);
			assert.equal(world.json("cmd/result").length, 0);
			write.call(world.memory, key, value);
		};
		ask(command);
		assert.match(written[0] as string, /^begun \{"c":\d+,"n":1\}$/);
		assert.equal(world.records.has("begun"), false);
	});
	it("is carried out without any memory too", () => {
		const { world, start, ask } = stage();
		start();
		world.memory.write = () => {
			throw new Error("full");
		};
		for (let i = 0; i < 4; i++) assert.equal(ask(command).ok, true);
	});
});
