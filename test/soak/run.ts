/** `npm run soak -- --days 200 --seed 1`: soak.ts with progress. Exits 0 when nothing is wrong, 1 with what is, 2 when it cannot run. */

import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { SingleBar } from "cli-progress";
import { Command, InvalidArgumentError } from "commander";
import { soak } from "./soak.js";

const whole = (text: string) => {
	const value = Number(text);
	if (!Number.isInteger(value) || value < 1)
		throw new InvalidArgumentError("expected a whole number of at least 1.");
	return value;
};

const { days, seed, json } = new Command("soak")
	.description("Runs the whole firmware through simulated months of faults, and accounts for every alert.")
	.option("--days <number>", "simulated days", whole, 200)
	.option("--seed <number>", "repeats a run", whole, 1 + (Date.now() % 1_000_000))
	.option("--json <file>", "writes the account there as well")
	.allowExcessArguments(false)
	.showHelpAfterError("(--help lists the options)")
	.exitOverride(({ exitCode }) => process.exit(exitCode && 2))
	.parse()
	.opts<{ readonly days: number; readonly seed: number; readonly json?: string }>();

console.log(`soak: seed ${seed}, ${days} days`);
const bar = new SingleBar({
	format: "{bar} {percentage}% | day {value} of {total} | about {eta_formatted} left",
	hideCursor: true,
	noTTYOutput: !process.stderr.isTTY,
	notTTYSchedule: 10_000,
});
bar.start(days, 0);
let account: ReturnType<typeof soak>;
try {
	account = soak(days, seed, passed => bar.update(Math.floor(passed)));
} finally {
	bar.stop();
}
const { faults, complaints, ...counts } = account;
for (const [name, value] of Object.entries({ ...faults, ...counts }))
	console.log(`  ${name.padEnd(12)} ${String(Math.round(value)).padStart(9)}`);
for (const complaint of complaints) console.log(complaint);
console.log(
	complaints.length
		? `soak: FAILED, ${complaints.length} complaints; again with --seed ${seed} --days ${days}`
		: "soak: every alert arrived, and the board was back each time",
);
// npm runs scripts in the package's folder; file names are meant from where it was called.
if (json !== undefined)
	writeFileSync(resolve(process.env.INIT_CWD ?? "", json), `${JSON.stringify(account, undefined, "\t")}\n`);
process.exitCode = complaints.length ? 1 : 0;
