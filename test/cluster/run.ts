/**
 * `npm run cluster -- --broker rabbitmq --seconds 600 --seed 1`: boards on a cluster whose nodes are killed and frozen. Exits
 * 0 when each accepted alert was delivered, no command was done twice and nothing acted over something newer; 1 when not,
 * with each case; 2 when it cannot run. The account and its words: campaign.ts.
 */

import { createWriteStream, writeFileSync } from "node:fs";
import { SingleBar } from "cli-progress";
import { Option } from "commander";
import { inPlace, program, whole } from "../command.js";
import { type Account, campaign } from "./campaign.js";
import { type Kind, kinds, missing } from "./nodes.js";

interface Options {
	readonly broker: Kind;
	readonly seconds: number;
	readonly seed: number;
	readonly boards: number;
	readonly json?: string;
	readonly log?: string;
}

const options = program(
	"cluster",
	"Runs boards on three nodes of a broker, kills and freezes nodes, and accounts for everything.",
)
	.addOption(new Option("--broker <kind>", "whose cluster").choices(kinds).default("rabbitmq"))
	.option("--seconds <number>", "how long faults go on; what is left then has to arrive", whole(1), 180)
	.option("--seed <number>", "repeats the faults of a campaign", whole(0), Date.now() % 1_000_000)
	.option("--boards <number>", "how many", whole(1), 6)
	.option("--json <file>", "writes the account there as well")
	.option("--log <file>", "writes there what happens, line by line")
	.parse()
	.opts<Options>();

async function run(): Promise<number> {
	const { broker, seconds, seed, boards, json, log } = options;
	const why = missing(broker);
	if (why) {
		console.error(`cluster: ${why}`);
		return 2;
	}
	console.log(`cluster: ${broker}, seed ${seed}, ${seconds} s, ${boards} boards`);
	const lines = log === undefined ? undefined : createWriteStream(inPlace(log));
	const bar = new SingleBar({
		format: "{bar} {percentage}% | {phase} | {faults} faults | {delivered} of {accepted} alerts delivered",
		hideCursor: true,
		noTTYOutput: !process.stderr.isTTY,
		notTTYSchedule: 10_000,
	});
	bar.start(seconds, 0, { phase: "starting", faults: 0, accepted: 0, delivered: 0 });
	let account: Account;
	try {
		account = await campaign({
			kind: broker,
			seed,
			seconds,
			boards,
			onProgress: ({ elapsed, ...counts }) => bar.update(Math.min(seconds, Math.floor(elapsed)), counts),
			...(lines && { log: (line: string) => void lines.write(`${new Date().toISOString()} ${line}\n`) }),
		});
	} finally {
		bar.stop();
	}
	const { complaints, ...counts } = account;
	for (const [name, value] of Object.entries(counts)) console.log(`  ${name.padEnd(12)}  ${value}`);
	for (const complaint of complaints) console.log(complaint);
	const again = `again with --broker ${broker} --seed ${seed} --seconds ${seconds}`;
	console.log(
		complaints.length
			? `cluster: FAILED, ${complaints.length} complaints; ${again}`
			: "cluster: nothing lost, nothing done twice, nothing over something newer, but for what is unmarked",
	);
	if (json !== undefined)
		writeFileSync(
			inPlace(json),
			`${JSON.stringify({ ...account, broker, seconds, seed }, undefined, "\t")}\n`,
		);
	lines?.end();
	return complaints.length ? 1 : 0;
}

// So that what was started ends too.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
process.exitCode = await run();
