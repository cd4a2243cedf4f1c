/** README shows examples/soil/main.ts as it is, and that program does what README says of it. */

import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DeskBoard } from "../../hosts/desk/board.js";
import { startBroker } from "../../hosts/desk/broker.js";
import { program } from "../../hosts/desk/firmware.js";
import type { NodeDevice } from "../../hosts/node/device.js";
import { root } from "../firmware/command.js";
import { Observer } from "../firmware/observer.js";
import { engines } from "../firmware/scene.js";

const file = join(root, "examples/soil/main.ts");

describe("soil-moisture alarm with a pump", function () {
	this.timeout(60_000);

	it("is in README as it is in its file", () => {
		const readme = readFileSync(join(root, "README.md"), "utf8");
		const shown = [...readme.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, text]) => text);
		assert.ok(shown.includes(readFileSync(file, "utf8")));
	});
	for (const { name, missing } of engines)
		it(`raises its alarm when the soil is dry, and pumps on command, in ${name}`, async function () {
			if (missing) this.skip();
			const broker = await startBroker({ port: 0, host: "127.0.0.1" });
			const data = mkdtempSync(join(tmpdir(), "glowworm-soil-"));
			const observer = await Observer.connect(broker.url);
			let device: NodeDevice | undefined;
			const board = await DeskBoard.start({
				engine: name,
				program: program(file),
				description: {},
				overrides: { broker: broker.url },
				data,
				wire: made => {
					made.pins.feed(4, 0.0977);
					device = made;
					return made;
				},
			});
			try {
				const { state, v } = JSON.parse((await observer.next("garden/bed-1/alerts/dry", undefined, 0)).text);
				assert.equal(state, "ON");
				assert.ok(Math.abs(v - 9.77) < 0.01, `${v}`);
				const idle = await observer.next("garden/bed-1/pump/state", undefined, 0);
				assert.deepEqual(JSON.parse(idle.text), { state: "OFF", src: "power-on" });
				await observer.publish("garden/bed-1/pump/set", "ON");
				const pumping = await observer.next("garden/bed-1/pump/state", /"ON"/, 0);
				assert.deepEqual(JSON.parse(pumping.text), { state: "ON", src: "set" });
				assert.equal(device?.pins.read(5).level, 1);
			} finally {
				await board.close();
				await observer.close();
				await broker.close();
				rmSync(data, { recursive: true, force: true });
			}
		});
});
