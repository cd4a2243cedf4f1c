/** Virtual boards: their ids, their power, and that they share neither state nor line. In Node, against the desk's broker. */

import assert from "node:assert/strict";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Broker, startBroker } from "../../hosts/desk/broker.js";
import { Fleet } from "../../hosts/desk/fleet.js";
import { Observer } from "../firmware/observer.js";

const root = "plant/7";

describe("a fleet of virtual boards", function () {
	this.timeout(40_000);
	let folder: string;
	let broker: Broker;
	let fleet: Fleet;
	let observer: Observer;
	let changes: number;
	const begin = (id: string) => {
		changes = 0;
		const place = (other: string) => join(folder, other);
		fleet = new Fleet({
			root,
			id,
			folder: place,
			board: {
				engine: "node",
				description: {
					root,
					id,
					broker: broker.url,
					sensors: [{ name: "temp", driver: "wave", every: 100 }],
				},
				data: place(id),
			},
			onStart() {},
			onRaised() {},
			onPin() {},
			onChange: () => void changes++,
			onTrouble: line => assert.fail(line),
		});
		return fleet.start();
	};
	const status = (id: string, text: string, mark = 0) => observer.next(`${root}/${id}/status`, text, mark);
	const names = () => fleet.boards.map(({ base }) => base.slice(root.length + 1));

	beforeEach(async () => {
		folder = mkdtempSync(join(tmpdir(), "glowworm-fleet-"));
		broker = await startBroker({ host: "127.0.0.1", port: 0 });
		observer = await Observer.connect(broker.url, "#");
	});
	afterEach(async () => {
		await fleet.close();
		await observer.close();
		await broker.close();
		rmSync(folder, { recursive: true, force: true });
	});

	it("counts the first id on, and leaves out one whose state another process is using", async () => {
		mkdirSync(join(folder, "mill-8"));
		writeFileSync(join(folder, "mill-8", "lock"), String(process.ppid));
		await begin("mill-7");
		await fleet.add(2);
		assert.deepEqual(names(), ["mill-7", "mill-9", "mill-10"]);
		for (const id of names()) await status(id, "online");
	});

	it("counts on from an id without a number", async () => {
		await begin("mill");
		await fleet.add(1);
		assert.deepEqual(names(), ["mill", "mill-2"]);
	});

	it("is off without a goodbye when the power is cut, and on again with what it knew", async () => {
		await begin("mill-1");
		await status("mill-1", "online");
		const boot = async (mark: number) =>
			JSON.parse((await observer.next(`${root}/mill-1/info`, undefined, mark)).text).boot;
		assert.equal(await boot(0), 1);
		const mark = observer.mark;
		await fleet.set(`${root}/mill-1`, { power: false });
		await status("mill-1", "offline", mark);
		assert.equal(fleet.boards[0]?.power, false);
		const off = observer.mark;
		await fleet.set(`${root}/mill-1`, { power: true });
		await status("mill-1", "online", off);
		assert.equal(await boot(off), 2);
		assert.ok(changes >= 3);
	});

	it("says goodbye when a board is removed, and knows it no more", async () => {
		await begin("mill-1");
		await fleet.add(1);
		await status("mill-2", "online");
		const mark = observer.mark;
		await fleet.remove(`${root}/mill-2`);
		await status("mill-2", "offline", mark);
		await assert.rejects(
			fleet.set(`${root}/mill-2`, { power: false }),
			/no virtual board is called plant\/7\/mill-2/,
		);
	});
});
