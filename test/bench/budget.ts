/**
 * The budget of modules/mqtt: figures that may not grow, committed as budget.json and enforced by
 * test/bench/budget.test.ts. `npm run bench -- --budget` writes it anew.
 */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Figures, glowworm, measure, type ScenarioName, unidentified } from "./measure.js";
import { type Ram, ram } from "./ram.js";
import { sizes } from "./size.js";

export interface Budget {
	readonly scenarios: Readonly<Record<string, Partial<Figures>>>;
	/** RAM of a connected idle client, its socket not included. */
	readonly idle: Ram;
	/** Bytes of the module, minified. */
	readonly minified: number;
}

export const budgetPath = fileURLToPath(new URL("budget.json", import.meta.url));

/** Where garbage in bytes has a budget too. */
const BYTES: readonly ScenarioName[] = [
	"publish0",
	"publish0-alternating",
	"publish1",
	"receive0",
	"receive1",
	"out16k",
	"in16k",
];

export function committed(): Budget {
	return JSON.parse(readFileSync(budgetPath, "utf8")) as Budget;
}

/** The budget that these figures make: 2 % above them in units and bytes, for small faults have to be mended too. */
export function allow({ scenarios, idle, minified }: Budget): Budget {
	const more = (value: number) => Math.ceil(value * 1.02);
	const widened = Object.entries(scenarios).map(([name, { units = 0, ...exact }]) => [
		name,
		{ units: more(units), ...exact },
	]);
	return {
		scenarios: Object.fromEntries(widened),
		idle: { slots: more(idle.slots), bytes: more(idle.bytes) },
		minified: more(minified),
	};
}

/** What the code of now costs. */
export async function current(): Promise<Budget> {
	const figures = await measure(glowworm, BYTES);
	const [module] = await sizes(undefined);
	return {
		scenarios: { ...Object.fromEntries(figures), "publish1-unidentified": await unidentified() },
		idle: await ram(),
		minified: module?.minified ?? 0,
	};
}
