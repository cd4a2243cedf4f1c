/**
 * `npm run homeassistant -- --config FILE`: which entities Home Assistant would show for a board description, as a table, and
 * each mistake of the document with its key. Exits 0 without mistakes, 2 where the description itself is wrong, else 1.
 */

import { load, Wrong } from "../../hosts/desk/config.js";
import { drivers, HostClock } from "../../hosts/node/device.js";
import { profileOf } from "../../modules/device/broker.js";
import { storageFault } from "../../modules/device/description/description.js";
import Document from "../../modules/device/homeassistant/document.js";
import { inPlace, program } from "../command.js";
import { closeBrowser, missing, open } from "../page/browser.js";
import { expand, validate } from "./validator.js";

const { config, json, picture } = program(
	"homeassistant",
	"Shows the entities that Home Assistant makes of a board description, and what is wrong with them.",
)
	.option("--config <file>", "the board's description (default: that of npm start)")
	.option("--json", "prints the document instead of the table")
	.option("--picture <file>", "the table as PNG too, by Debian's chromium")
	.parse()
	.opts<{ config?: string; json?: boolean; picture?: string }>();

type Component = { readonly [key: string]: string | undefined };

function table(rows: readonly (readonly string[])[]): string {
	const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map(row => row[column]?.length ?? 0)));
	return rows
		.map(row =>
			row
				.map((cell, column) => cell.padEnd(widths[column] ?? 0))
				.join("  ")
				.trimEnd(),
		)
		.join("\n");
}

/** As a terminal shows it. */
async function draw(text: string, file: string): Promise<void> {
	if (missing) throw new Wrong([`--picture: ${missing}`]);
	const style =
		"background:#14171c;color:#d6dbe3;font:13px/1.5 monospace;padding:14px 18px;width:max-content;margin:0";
	const html = `<meta charset="utf-8"><pre style="${style}">${text.replaceAll("&", "&amp;").replaceAll("<", "&lt;")}</pre>`;
	const { tab, close } = await open(`data:text/html,${encodeURIComponent(html)}`);
	await tab.locator("pre").screenshot({ path: inPlace(file) });
	await close();
	await closeBrowser();
}

async function run(): Promise<number> {
	const { description } = load({ ...(config !== undefined && { config }) } as Parameters<typeof load>[0]);
	const { homeAssistant } = description;
	const outputs = [
		...(description.lamp ? [{ name: "lamp", dimmable: description.lamp.dimmable }] : []),
		...description.actuators.map(({ name }) => ({ name, dimmable: false })),
	];
	const { sensor } = drivers(new HostClock(), ".");
	const own = [{ name: storageFault }];
	const device = { name: "node", sensor, network: {} };
	const made = new Document(description, { device, outputs, own });
	let document = "";
	for (let index = 0, piece = made.piece(0, []); piece !== undefined; piece = made.piece(++index, []))
		document += piece;
	const { components } = expand(document) as {
		readonly components: { readonly [key: string]: Component };
	};
	if (json) console.log(JSON.stringify(expand(document), undefined, "\t"));
	else {
		const title = `${made.topic}: ${Buffer.byteLength(document)} bytes, ${made.length} entities`;
		const rows = Object.values(components).map(
			({ name = "", default_entity_id: id = "", device_class: kind, unit_of_measurement: unit, ...rest }) => [
				name,
				id,
				[kind, unit, rest.entity_category].filter(Boolean).join(", "),
			],
		);
		const text = `${title}\n${table([["name", "entity", "class, unit, category"], ...rows])}`;
		console.log(text);
		if (picture) await draw(text, picture);
	}
	if (profileOf(description) === "aws")
		console.log("Off with profile aws: Home Assistant is at no broker of AWS's.");
	if (!homeAssistant)
		console.log('The description does not ask for it: "homeAssistant": true publishes this document.');
	const problems = validate(made.topic, document);
	for (const { key, expected, found } of problems)
		console.log(`${key}: expected ${expected}, found ${found}`);
	return problems.length ? 1 : 0;
}

try {
	process.exitCode = await run();
} catch (error) {
	if (!(error instanceof Wrong)) throw error;
	for (const line of error.lines) console.error(line);
	process.exitCode = 2;
}
