/**
 * The campaign's command line: `npm run chaos -- --seconds 600 --seed 1`. Exits 0 when something was accepted, all of it
 * was delivered, nothing is left and nothing else was wrong; 1 with what was lost and where it was last seen; 2 when
 * it cannot run. The account and its words: ledger.ts.
 */

import { createWriteStream, writeFileSync } from "node:fs";
import { SingleBar } from "cli-progress";
import { Option } from "commander";
import { available } from "../../hosts/xs/worker.js";
import { inPlace, program, whole } from "../command.js";
import { program as mosquitto } from "../firmware/brokers.js";
import { campaign, type Outcome, type Progress } from "./campaign.js";

interface Options {
	readonly seconds: number;
	readonly seed: number;
	readonly engine: "node" | "xs";
	/** At a strict local AWS IoT Core in the place of Mosquitto. */
	readonly aws?: true;
	readonly json?: string;
	readonly log?: string;
}

const options = program(
	"chaos",
	"Runs the firmware against Mosquitto through a proxy that delays, swallows, cuts and resets, kills board and broker, and accounts for every alert: what was accepted must be delivered.",
)
	.option("--seconds <number>", "how long faults go on; what is left then has to arrive", whole(1), 180)
	.option("--seed <number>", "repeats the faults of a campaign", whole(0), Date.now() % 1_000_000)
	.addOption(new Option("--engine <name>", "the firmware's engine").choices(["xs", "node"]).default("xs"))
	.option("--aws", "at a local AWS IoT Core in place of Mosquitto, as unpleasant as AWS may be")
	.option("--json <file>", "writes the account there as well")
	.option("--log <file>", "writes there what happens, line by line")
	.parse()
	.opts<Options>();

function refuse(why: string): never {
	console.error(`chaos: ${why}`);
	process.exit(2);
}

function account(
	{ faults, ledger, lives, drained, complaints }: Outcome,
	{ seconds, seed, engine }: Options,
) {
	return {
		faults: faults.total,
		accepted: ledger.accepted,
		delivered: ledger.delivered,
		lost: ledger.pending,
		duplicates: ledger.duplicates,
		retransmitted: ledger.retransmitted,
		quarantined: ledger.quarantined,
		outlived: ledger.outlived,
		spared: ledger.spared,
		lampVersions: ledger.applied,
		lives,
		drainedMilliseconds: Math.round(drained),
		kinds: faults.kinds,
		complaints,
		engine,
		seconds,
		seed,
	};
}

function table(rows: readonly (readonly [name: string, value: number | string])[]): string {
	const width = Math.max(...rows.map(([name]) => name.length));
	return rows.map(([name, value]) => `  ${name.padEnd(width)}  ${String(value).padStart(8)}`).join("\n");
}

async function run(): Promise<number> {
	const { seconds, seed, engine, json, log, aws } = options;
	if (!mosquitto && !aws) refuse("Mosquitto is not installed (apt install mosquitto)");
	const worker = available();
	if (engine === "xs" && "reason" in worker) refuse(`${worker.reason}; --engine node runs without`);
	console.log(`chaos: seed ${seed}, ${seconds} s, engine ${engine}${aws ? ", at AWS" : ""}`);
	const lines = log === undefined ? undefined : createWriteStream(inPlace(log));
	const bar = new SingleBar({
		format:
			"{bar} {percentage}% | {phase}{left} | {faults} faults | {delivered} of {accepted} alerts delivered",
		hideCursor: true,
		noTTYOutput: !process.stderr.isTTY,
		notTTYSchedule: 10_000,
	});
	bar.start(seconds, 0, { phase: "starting", left: "", faults: 0, accepted: 0, delivered: 0 });
	const show = ({ phase, elapsed, ...counts }: Progress) => {
		// The time until the last alert has arrived is not known before.
		const left = phase === "faults" ? `, about ${Math.ceil(seconds - elapsed)} s left` : "";
		bar.update(Math.min(seconds, Math.floor(elapsed)), { phase, left, ...counts });
	};
	let outcome: Outcome;
	try {
		outcome = await campaign({
			...(!aws && mosquitto && { program: mosquitto }),
			engine,
			seed,
			seconds,
			onProgress: show,
			...(lines && { log: (line: string) => void lines.write(`${line}\n`) }),
		});
	} finally {
		bar.stop();
	}
	const result = account(outcome, options);
	const { faults, accepted, delivered, lost, duplicates, retransmitted, quarantined, lives, kinds } = result;
	console.log(table([...Object.entries(kinds), ["faults", faults]]));
	console.log();
	console.log(
		table([
			["accepted", accepted],
			["delivered", delivered],
			["lost", lost],
			["duplicates", duplicates],
			["retransmitted", retransmitted],
			["quarantined", quarantined],
			["outlived a death of the board", result.outlived],
			["delivered by RAM alone", result.spared],
			["lamp versions applied", result.lampVersions],
			["lives of the board", lives],
			["drained in ms", result.drainedMilliseconds],
		]),
	);
	for (const complaint of outcome.complaints) console.log(complaint);
	console.log(
		outcome.complaints.length
			? `chaos: FAILED, ${outcome.complaints.length} complaints; again with --seed ${seed} --seconds ${seconds}${aws ? " --aws" : ""}`
			: "chaos: every accepted alert was delivered",
	);
	if (json !== undefined) writeFileSync(inPlace(json), `${JSON.stringify(result, undefined, "\t")}\n`);
	lines?.end();
	return outcome.complaints.length ? 1 : 0;
}

// So that what was started ends too.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
process.exitCode = await run();
