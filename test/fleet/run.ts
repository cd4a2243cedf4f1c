/**
 * `npm run fleet -- --boards 1000 --stop-broker 5`: so many boards of the real firmware against one broker. Exits 0 when all
 * came online and each accepted alert was delivered; 1 when not; 2 when it cannot run. Says when the machine, and not the
 * fleet, was the limit. The account and its words: fleet.ts.
 */

import { writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { SingleBar } from "cli-progress";
import { inPlace, program, whole } from "../command.js";
import { mosquitto, type TestBroker } from "../firmware/brokers.js";
import { type Account, fleet } from "./fleet.js";

interface Options {
	readonly boards: number;
	readonly processes: number;
	readonly seconds: number;
	readonly spread: number;
	readonly every: number;
	readonly broker?: string;
	readonly stopBroker?: number;
	readonly data?: string;
	readonly json?: string;
}

const options = program(
	"fleet",
	"Runs many boards of the real firmware against one broker and accounts for every alert.",
)
	.option("--boards <number>", "how many", whole(1), 100)
	.option("--processes <number>", "in how many processes", whole(1), availableParallelism())
	.option("--seconds <number>", "how long they sample and raise alerts once all are online", whole(1), 20)
	.option(
		"--spread <seconds>",
		"`backoff.spread` in their description; all are switched on at once",
		whole(0),
		0,
	)
	.option("--every <ms>", "how often each of a board's two sensors is sampled", whole(5), 1000)
	.option("--broker <url>", "a broker that runs already; Mosquitto is started if not given")
	.option("--stop-broker <seconds>", "stops the broker that was started for so long", whole(1))
	.option("--data <folder>", "a folder for the boards' flash; in memory if not given")
	.option("--json <file>", "writes the account there as well")
	.parse()
	.opts<Options>();

function refuse(why: string): never {
	console.error(`fleet: ${why}`);
	process.exit(2);
}

/** What an event loop may be late before samples are late with it. */
const LATE = 500;

function say(account: Account): void {
	const { recovery, ...rest } = account;
	const flat = {
		...rest,
		...(recovery && { back: recovery.seconds, backPerSecond: recovery.connectsPerSecond }),
	};
	for (const [name, value] of Object.entries(flat)) console.log(`  ${name.padEnd(18)}  ${value}`);
	if (account.late > LATE || account.sampled < 0.99)
		console.log(
			`fleet: this machine is the limit: an event loop was ${account.late} ms late, ${Math.round(account.sampled * 100)} % of the samples were taken`,
		);
}

async function run(): Promise<number> {
	const { boards, processes, seconds, spread, every, stopBroker, data } = options;
	if (!options.broker && mosquitto.missing) refuse(`${mosquitto.missing}; or name a broker with --broker`);
	if (options.broker && stopBroker)
		refuse("--stop-broker stops the broker that is started here, not --broker's");
	const own: TestBroker | undefined = options.broker ? undefined : await mosquitto.open();
	const broker = options.broker ?? (own as TestBroker).url;
	console.log(`fleet: ${boards} boards in ${processes} processes against ${broker}`);
	const bar = new SingleBar({
		format:
			"{bar} {value} of {total} online | {phase} | {connects} connects/s | {delivered} of {accepted} alerts",
		hideCursor: true,
		noTTYOutput: !process.stderr.isTTY,
		notTTYSchedule: 10_000,
	});
	bar.start(boards, 0, { phase: "starting", connects: 0, accepted: 0, delivered: 0 });
	try {
		const account = await fleet({
			boards,
			processes: Math.min(processes, boards),
			seconds,
			spread,
			every,
			broker,
			...(own && stopBroker && { stop: { broker: own, seconds: stopBroker } }),
			...(data && { data: inPlace(data) }),
			onProgress: ({ online, ...rest }) => bar.update(online, rest),
		});
		bar.stop();
		say(account);
		if (options.json) writeFileSync(inPlace(options.json), `${JSON.stringify(account, undefined, "\t")}\n`);
		return account.lost || account.secondsToOnline < 0 || account.online < boards ? 1 : 0;
	} finally {
		bar.stop();
		await own?.close();
	}
}

// So that what was started ends too.
for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, () => process.exit(1));
process.exitCode = await run();
