/**
 * The fuzzer, long: `npm run fuzz -- --seconds 600 --seed 1`. Prints what it did, and of a failure the seed,
 * the path and the smallest plan; what it finds becomes a test in fuzz.test.ts. Exits 1 when it has found something.
 */

import { SingleBar } from "cli-progress";
import { Command, InvalidArgumentError } from "commander";
import fc from "fast-check";
import { compare, conversation, plan, play } from "./model.js";

const whole = (text: string): number => {
	const value = Number(text);
	if (!Number.isInteger(value) || value < 0) throw new InvalidArgumentError("expected a whole number.");
	return value;
};
const { seconds, seed } = new Command("fuzz")
	.description("Plays random brokers, networks and applications against the MQTT client.")
	.option("--seconds <number>", "how long", whole, 60)
	.option(
		"--seed <number>",
		"where to begin; the same seed plays the same plans",
		whole,
		Date.now() % 1_000_000,
	)
	.parse()
	.opts<{ seconds: number; seed: number }>();

/** Plans between two looks at the clock. */
const BATCH = 200;

const ends = new Map<string, number>();
const plans = fc.property(plan, each => {
	const end = play(each);
	ends.set(end, (ends.get(end) ?? 0) + 1);
});
const conversations = fc.property(conversation, ([parts, sizes]) => compare(parts, sizes));

console.log(`fuzz: seed ${seed}, ${seconds} s`);
const bar = new SingleBar({
	format: "{bar} {percentage}% | {value}/{total} s | {plans} plans",
	hideCursor: true,
	noTTYOutput: !process.stderr.isTTY,
	notTTYSchedule: 10_000,
});
bar.start(seconds, 0, { plans: 0 });
const start = performance.now();
let count = 0;
let found: string | undefined;
for (let batch = 0; ; batch++) {
	const elapsed = (performance.now() - start) / 1000;
	bar.update(Math.min(seconds, Math.floor(elapsed)), { plans: count });
	if (elapsed >= seconds || found) break;
	for (const property of [plans, conversations]) {
		const parameters = { seed: seed + batch, numRuns: BATCH };
		const details = fc.check<unknown[]>(property as fc.IProperty<unknown[]>, parameters);
		count += details.numRuns;
		if (details.failed) found = fc.defaultReportMessage(details);
		if (found) break;
	}
}
bar.stop();
for (const [end, times] of [...ends].sort()) console.log(`${String(times).padStart(8)}  ${end}`);
console.log(found ? `fuzz: ${found}` : `fuzz: ${count} plans, seeds ${seed} and up, nothing found`);
process.exitCode = found ? 1 : 0;
