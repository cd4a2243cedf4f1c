/**
 * `npm run bench`: what the MQTT client costs in the XS engine, beside the floor, a codec and the SDK's clients; and what
 * the whole firmware costs, beside the floor and a naive program. Prints two tables; `--json FILE` writes the figures, `--budget` makes ours the budget that `npm test` enforces.
 */

import { writeFileSync } from "node:fs";
import { Command } from "commander";
import { readerMayGo } from "../../hosts/desk/print.js";
import { unavailable } from "../../hosts/xs/harness.js";
import { allow, budgetPath, current } from "./budget.js";
import {
	type Client,
	clients,
	type Figures,
	firmwares,
	measure,
	SCENARIOS,
	unidentified,
	WAYS,
} from "./measure.js";
import { ram, topic } from "./ram.js";
import { findSDK } from "./sdk.js";
import { type Size, sizes } from "./size.js";

/** A column for each client. */
type Table = ReadonlyMap<string, ReadonlyMap<string, Figures>>;

readerMayGo();
const program = new Command("bench")
	.description(
		"What the MQTT client costs in the XS engine: meter units / slots made / bytes of chunks / socket writes.",
	)
	.option("--json <file>", "write the figures to a file")
	.option("--budget", "make the current figures of modules/mqtt the budget")
	.parse();

const options = program.opts<{ json?: string; budget?: boolean }>();
const reason = unavailable();
if (reason) console.log(`${reason}; nothing was measured`);
else if (options.budget) {
	writeFileSync(budgetPath, `${JSON.stringify(allow(await current()), undefined, "\t")}\n`);
} else await run();

async function run(): Promise<void> {
	const found = findSDK();
	const sdk = typeof found === "string" ? undefined : found;
	if (typeof found === "string") console.log(found);
	const table = await tabulate(clients(sdk), SCENARIOS);
	const ways = await tabulate(firmwares(sdk), WAYS);
	if (options.json) {
		const all = { ...byScenario(table, SCENARIOS), ...byScenario(ways, WAYS) };
		writeFileSync(options.json, `${JSON.stringify(all, undefined, "\t")}\n`);
	}
	const own = await unidentified();
	const idle = await ram();
	const kept = await topic();
	print(table, SCENARIOS, await sizes(sdk));
	console.log();
	print(ways, WAYS, []);
	console.log(`
publish0, 1: QoS 0, 1; 1 with its PUBACK. alternating: two topics in turn; topics8: eight; vary: JSON of 44 to 47 bytes. receive0, 1: QoS 0, 1,
1 with its PUBACK out. segment10: ten messages in one TCP segment. out16k, in16k: one message of 16 KiB. dribble: a message byte by byte.
idle: a minute without messages. sample: timer to socket, through the whole firmware, TCP's event included; edge: of an alert, with its
journal; start: power-on to online, journal empty, and used. floor: one write of a ready packet, one read into a kept buffer. naive: the same
sensor, JSON.stringify and the client's write, without alerts, time stamps or a queue.
Each cell: meter units / slots made / bytes of chunks / socket writes, for one operation; an empty one costs 26 units.
A slot has 32 bytes here and 16 on a device. Bytes of chunks are of the 64-bit layout.
publish1 with packet identifiers of the client's own: ${round(own.units)} / ${round(own.slots)}.
A connected idle client, without its socket: ${round(idle.slots)} slots (${round(idle.slots * 16)} bytes on a 32-bit device) and ${round(idle.bytes)} bytes of chunks (64-bit layout).
Each topic that is kept: ${round(kept.slots)} slots and ${round(kept.bytes)} bytes, and 64 in a buffer that is there from the first message.
The codec is no client: it has no state, no keep-alive, and leaves topic and payload as they are.
The SDK's clients are given ArrayBuffer.fromString and String.fromArrayBuffer, which this engine lacks, by two functions
around TextEncoder and TextDecoder. Its mqtt.js acknowledges nothing, and publishes and receives whole messages only.
The socket is JavaScript here: a byte read by itself costs a call of 30 units, which C on a device does for less.`);
}

async function tabulate(columns: readonly Client[], scenarios: readonly string[]): Promise<Table> {
	const table = new Map<string, ReadonlyMap<string, Figures>>();
	for (const client of columns) table.set(client.name, await measure(client, scenarios));
	return table;
}

function byScenario(table: Table, scenarios: readonly string[]): object {
	const figures = (name: string) =>
		Object.fromEntries(
			[...table].flatMap(([client, rows]) => (rows.has(name) ? [[client, rows.get(name)]] : [])),
		);
	return Object.fromEntries(scenarios.map(name => [name, figures(name)]));
}

function print(table: Table, scenarios: readonly string[], modules: readonly Size[]): void {
	const names = [...table.keys()];
	const lines = [["", ...names]];
	for (const scenario of scenarios)
		lines.push([scenario, ...names.map(name => cell(table.get(name)?.get(scenario)))]);
	const of = (name: string) => modules.find(size => size.name === name);
	if (modules.length) lines.push(["minified bytes", ...names.map(name => `${of(name)?.minified ?? "–"}`)]);
	if (modules.some(({ bytecode }) => bytecode !== undefined))
		lines.push(["XS byte code", ...names.map(name => `${of(name)?.bytecode ?? "–"}`)]);
	const widths = (lines[0] as string[]).map((_, column) =>
		Math.max(...lines.map(line => (line[column] ?? "").length)),
	);
	for (const line of lines)
		console.log(
			line.map((text, i) => (i ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[0] ?? 0))).join("  "),
		);
}

function cell(figures: Figures | undefined): string {
	return figures ? [figures.units, figures.slots, figures.bytes, figures.writes].map(round).join(" / ") : "–";
}

function round(value: number): string {
	return `${Math.round(value * 10) / 10}`;
}
