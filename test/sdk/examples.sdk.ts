/**
 * The examples, built from their own folders by the SDK as a user builds them: for the simulator, where each runs against a real
 * broker, and linked for each chip. What they do on the desk is in test/examples.
 */

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { examples } from "../examples/table.js";
import type { TestBroker } from "../firmware/brokers.js";
import { Observer } from "../firmware/observer.js";
import { openBroker, skipWithoutScene } from "./scene.js";
import {
	buildSimulator,
	chips,
	display,
	linkChip,
	measure,
	output,
	replaced,
	root,
	Simulator,
	warnings,
} from "./sdk.js";

describe("the examples with Moddable's SDK", function () {
	this.timeout(600_000);
	let broker: TestBroker;
	let screen: { readonly name: string; close(): void };

	before(async function () {
		skipWithoutScene(this);
		broker = await openBroker();
		screen = await display();
	});
	after(async () => {
		screen?.close();
		await broker?.close();
	});

	it("are all here", () => {
		const folders = readdirSync(join(root, "examples"), { withFileTypes: true });
		const names = folders.filter(entry => entry.isDirectory()).map(({ name }) => name);
		assert.deepEqual(names.sort(), Object.keys(examples).sort());
	});
	for (const [name, { says, told, answers }] of Object.entries(examples)) {
		const folder = join(root, "examples", name);
		it(`${name} runs in the simulator`, async () => {
			const observer = await Observer.connect(broker.url);
			const settings = { broker: broker.url, data: join(output, `data-${name}`) };
			const { so, log } = await buildSimulator(settings, folder, name);
			assert.deepEqual(warnings(log, replaced), []);
			const simulator = new Simulator(so, screen.name, join(root, "hosts/simulator/mockup"));
			try {
				for (const [topic, text] of says) await observer.next(topic, text, 0);
				if (told) await observer.publish(...told);
				if (answers) await observer.next(...answers, 0);
			} catch (error) {
				throw new Error(
					`${(error as Error).message}; the log ends with\n${simulator.lines.slice(-8).join("\n")}`,
				);
			} finally {
				await simulator.kill();
				await observer.close();
			}
		});
		for (const chip of chips)
			it(`${name} links for ${chip}, without a warning about our modules or its own`, async () => {
				const { log, folder: built } = await linkChip(chip, folder, name);
				assert.deepEqual(warnings(log, replaced), []);
				console.log(`      ${measure(built).bytes} bytes linked, the SDK's share included`);
			});
	}
});
