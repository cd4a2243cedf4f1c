/**
 * How fast one board samples: `npm run rate -- --seconds 60 --engine xs`. One sensor at 120 Hz and four at 1 Hz, or, with
 * `--sensors 16 --hertz 20`, so many at one rate; the real firmware, a real broker and real time, so it is a command and no
 * test. Counts the measurements and the samples the board says it missed, finds by the time stamps when that was, and takes
 * the lag from a time stamp to its message's arrival. Exits 1 when a sample was missed or lost, for any reason. For one core:
 * `taskset -c 0 npm run rate`.
 * This process has the board's timers, and a chip has no Node: so package.json starts it without V8's memory reducer, a
 * collection for idle processes (11 ms, 16 s after the start: one sample). The engine collects as ever. Other pauses of this
 * process are told, and what is missed in them is missed (pauses.ts).
 */

import { SingleBar } from "cli-progress";
import { Command, InvalidArgumentError, Option } from "commander";
import { aedes, mosquitto } from "./brokers.js";
import { Pauses } from "./pauses.js";
import { engines, Scene } from "./scene.js";

/** Gaps that are told in full. */
const SHOWN = 8;

interface Measurement {
	readonly ts: number;
	readonly seq: number;
}

const whole = (text: string): number => {
	const value = Number(text);
	if (!Number.isInteger(value) || value < 1)
		throw new InvalidArgumentError("expected a whole number above 0.");
	return value;
};
const { seconds, engine, sensors, hertz } = new Command("rate")
	.description("Samples one sensor 120 times a second and four once, and looks for what was missed.")
	.option("--seconds <number>", "how long", whole, 60)
	.option("--sensors <number>", "so many sensors, all at --hertz, in the place of these five", whole)
	.option("--hertz <number>", "samples a second of each of them", whole, 20)
	.addOption(
		new Option("--engine <name>", "where the firmware runs")
			.choices(engines.map(({ name }) => name))
			.default("xs"),
	)
	.parse()
	.opts<{ seconds: number; engine: "node" | "xs"; sensors?: number; hertz: number }>();

const missing = engines.find(({ name }) => name === engine)?.missing;
if (missing) {
	console.log(`rate: nothing measured: ${missing}`);
	process.exit(0);
}
// Mosquitto, if it is there, is a process of its own and leaves this one to the board.
const kind = mosquitto.missing ? aedes : mosquitto;
const broker = await kind.open();
const scene = await Scene.open(engine, kind, broker);
const sensor = (name: string, each: number) => ({ name, driver: "wave", every: 1000 / each, decimals: 3 });
const sampled = sensors
	? Array.from({ length: sensors }, (_, index) => sensor(`s${index + 1}`, hertz))
	: [sensor("fast", 120), ...[1, 2, 3, 4].map(n => sensor(`slow${n}`, 1))];

const period = (name: string) => sampled.find(sensor => sensor.name === name)?.every ?? Number.NaN;
const lags: number[] = [];
const seen = new Map<string, { began: number; first: number; last: number; count: number; missed: number }>();
/** When samples were missed, as far as values that came after them show it. */
const gaps: string[] = [];
scene.observer.client.on("message", (topic, payload) => {
	const [, name] = /\/measurements\/(.+)$/.exec(topic) ?? [];
	if (!name) return;
	const { ts, seq } = JSON.parse(payload.toString()) as Measurement;
	lags.push(Date.now() - ts);
	const sensor = seen.get(name) ?? { began: ts, first: seq, last: seq, count: 0, missed: 0 };
	sensor.count++;
	sensor.last = seq;
	// A sample is taken in its own period. One more millisecond, for time stamps are whole ones.
	const periods = Math.floor((ts - sensor.began + 1) / period(name));
	const missed = periods - (seq - sensor.first);
	if (missed > sensor.missed) {
		gaps.push(`${missed - sensor.missed} of ${name} after ${ts - sensor.began} ms`);
		sensor.missed = missed;
	}
	seen.set(name, sensor);
});

await scene.start({ sensors: sampled });
// A shorter one makes no sample a whole period late.
const watch = Pauses.watch(Math.floor(Math.min(...sampled.map(({ every }) => every))));
const bar = new SingleBar({
	format: "{bar} {value}/{total} s",
	hideCursor: true,
	noTTYOutput: !process.stderr.isTTY,
});
bar.start(seconds, 0);
await new Promise<void>(done => {
	let elapsed = 0;
	const tick = setInterval(() => {
		bar.update(++elapsed);
		if (elapsed < seconds) return;
		clearInterval(tick);
		done();
	}, 1000);
});
bar.stop();
watch.end();
const asked = scene.observer.mark;
await scene.observer.client.publishAsync(scene.topic("cmd"), JSON.stringify({ cmd: "info", cid: "rate" }), {
	qos: 1,
});
const answer = await scene.observer.next(scene.topic("cmd/result"), /"cid":"rate"/, asked);
await scene.end();
await broker.close();

const missed = Number(/"missed":(\d+)/.exec(answer.text)?.[1] ?? Number.NaN);
lags.sort((a, b) => a - b);
const at = (share: number) => lags[Math.min(lags.length - 1, Math.floor(lags.length * share))];
console.log(`${engine} over ${kind.name}, ${seconds} s`);
let lost = 0;
for (const [name, { first, last, count }] of seen) {
	lost += last - first + 1 - count;
	console.log(`  ${name.padEnd(6)} ${count} measurements, ${last - first + 1 - count} not arrived`);
}
console.log(`  samples missed: ${missed}${gaps.length ? ` (${gaps.slice(0, SHOWN).join(", ")})` : ""}`);
if (missed || lost)
	console.log("  failed: none may be missed or lost; on a machine that does other work as well, some are");
const pauses = watch.pauses.told(Math.min(...Array.from(seen.values(), ({ began }) => began)));
if (pauses.length)
	console.log(
		`  Node, which has the board's timers, paused ${pauses.length} times (${pauses.slice(0, SHOWN).join("; ")})`,
	);
console.log(`  lag, ms: median ${at(0.5)}, p99 ${at(0.99)}, worst ${lags.at(-1)}`);
process.exitCode = missed === 0 && lost === 0 && seen.size === sampled.length ? 0 : 1;
