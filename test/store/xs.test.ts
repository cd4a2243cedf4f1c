import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { type Cost, Harness, unavailable } from "../../hosts/xs/harness.js";
import { survive } from "./xscosts.js";

const reason = unavailable();

(reason ? describe.skip : describe)(`Store in the XS engine${reason ? ` (${reason})` : ""}`, () => {
	let harness: Harness;
	before(async () => {
		harness = await Harness.open(fileURLToPath(new URL("xscosts.ts", import.meta.url)));
	});
	after(() => harness?.close());

	it("holds after a restart what it holds in Node", async () => {
		const { result } = await harness.call("survive");
		assert.deepEqual(result, JSON.parse(JSON.stringify(survive())));
		assert.equal((result as { held: unknown[] }).held.length, 7);
	});
	it("takes a bounded number of steps and slots for an alert and for a start", async () => {
		const { units: empty } = await harness.measure("crc", { args: [0] });
		const { units: byte } = await harness.measure("crc", { args: [1000] });
		const steps: Cost[] = [];
		for (const count of [1, 2, 3, 4])
			steps.push(await harness.measure("alert", { args: [count], rounds: 20, warm: 2 }));
		const start = await harness.measure("open", { args: [10], rounds: 2, warm: 1 });
		const perByte = (byte - empty) / 1000;
		const [append, next, sent, release] = steps.map(
			({ units }, index) => units - (steps[index - 1]?.units ?? 0),
		);
		const slots = steps.map(({ slots: made }, index) => made - (steps[index - 1]?.slots ?? 0));
		console.log(
			`      CRC ${perByte.toFixed(1)} units a byte; append ${append?.toFixed(0)}, next ${next?.toFixed(0)}, sent ${sent?.toFixed(0)}, release ${release?.toFixed(0)} units; slots ${slots.map(made => made.toFixed(0))}; start with 64 KiB in use ${start.units.toFixed(0)} units, ${start.slots} slots`,
		);
		assert.ok(perByte < 20);
		assert.ok(Number(steps[3]?.units) < 20000 && start.units < 2_000_000);
	});
});
