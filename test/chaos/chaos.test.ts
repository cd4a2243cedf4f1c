/**
 * A short campaign of each engine with a fixed seed, and one of a firmware that forgets, lest the account is one that
 * always balances. `npm run chaos` is the long form.
 */

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { program } from "../firmware/brokers.js";
import { engines } from "../firmware/scene.js";
import { campaign } from "./campaign.js";
import { only } from "./faults.js";

const SEED = Number(process.env.SEED ?? 419);
const broken = program ? "" : " – pending: Mosquitto is not installed (apt install mosquitto)";

describe(`chaos, seed ${SEED}${broken}`, function () {
	this.timeout(90_000);

	for (const { name, missing } of engines)
		it(`on ${name}: every alert that flash has taken is delivered through failures of network, broker and power${missing ? ` – pending: ${missing}` : ""}`, async function () {
			if (!program || missing) return this.skip();
			const { ledger, faults, complaints } = await campaign({
				program,
				engine: name,
				seed: SEED,
				seconds: 5,
			});
			assert.deepEqual(complaints, []);
			assert.ok(faults.total > 0 && ledger.accepted > 0, `${faults.total} faults, ${ledger.accepted} alerts`);
			assert.equal(ledger.delivered - ledger.spared, ledger.accepted);
		});

	it("at a strict local AWS: every alert that flash has taken is delivered, and no old wish is applied over a newer one", async () => {
		const { ledger, faults, complaints } = await campaign({ engine: "node", seed: SEED, seconds: 5 });
		assert.deepEqual(complaints, []);
		assert.ok(faults.total > 0 && ledger.accepted > 0, `${faults.total} faults, ${ledger.accepted} alerts`);
		assert.equal(ledger.delivered - ledger.spared, ledger.accepted);
	});

	it("a firmware with its outbox in RAM is caught losing alerts", async function () {
		if (!program) return this.skip();
		const { ledger, complaints } = await campaign({
			program,
			engine: "node",
			seed: SEED,
			seconds: 3,
			weights: only({ refuse: 2, "board killed": 1 }),
			entry: fileURLToPath(new URL("forgetful.ts", import.meta.url)),
			patience: 1500,
		});
		assert.ok(ledger.pending > 0);
		assert.ok(
			complaints.some(line => /^lost: \d+-\d+ .*never acknowledged/.test(line)),
			complaints.join("\n"),
		);
	});
});
