/**
 * The budget of modules/mqtt: figures that may not grow, committed as budget.json and enforced by
 * test/bench/budget.test.ts. `npm run bench -- --budget` writes it anew.
 */

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
	type Client,
	type Figures,
	firmwares,
	glowworm,
	measure,
	SCENARIOS,
	unidentified,
	WAYS,
} from "./measure.js";
import { type Ram, ram, topic } from "./ram.js";
import { sizes } from "./size.js";

export interface Budget {
	readonly scenarios: Readonly<Record<string, Partial<Figures>>>;
	/** The whole firmware. */
	readonly firmware: Readonly<Record<string, Partial<Figures>>>;
	/** RAM of a connected idle client, its socket not included. */
	readonly idle: Ram;
	/** RAM of each topic that is kept. */
	readonly topic: Ram;
	/** Bytes of the module, minified. */
	readonly minified: number;
}

export const budgetPath = fileURLToPath(new URL("budget.json", import.meta.url));

export function committed(): Budget {
	return JSON.parse(readFileSync(budgetPath, "utf8")) as Budget;
}

/**
 * The budget that these figures make: 2 % above them in units and bytes, so that small faults are mended too; 10 % above
 * those of the whole firmware, which each change to a behaviour moves.
 */
export function allow({ scenarios, firmware, idle, topic, minified }: Budget): Budget {
	const more = (value: number, share = 1.02) => Math.ceil(value * share);
	const widen = (figures: Budget["scenarios"], share?: number, shareOfSlots = 1) =>
		Object.fromEntries(
			Object.entries(figures).map(([name, { units = 0, slots = 0, bytes, writes }]) => [
				name,
				{
					units: more(units, share),
					slots: more(slots, shareOfSlots),
					...(writes !== undefined && { writes }),
					...(bytes !== undefined && { bytes: more(bytes, share) }),
				},
			]),
		);
	return {
		scenarios: widen(scenarios),
		firmware: widen(firmware, 1.1, 1.1),
		idle: { slots: more(idle.slots), bytes: more(idle.bytes) },
		topic: { slots: more(topic.slots), bytes: more(topic.bytes) },
		minified: more(minified),
	};
}

/** What the code of now costs. */
export async function current(): Promise<Budget> {
	const figures = await measure(glowworm, SCENARIOS);
	const ways = await measure(firmwares(undefined)[0] as Client, WAYS);
	const [module] = await sizes(undefined);
	return {
		scenarios: { ...Object.fromEntries(figures), "publish1-unidentified": await unidentified() },
		firmware: Object.fromEntries(ways),
		idle: await ram(),
		topic: await topic(),
		minified: module?.minified ?? 0,
	};
}
