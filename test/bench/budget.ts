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

/** What may be above the figures: little, so that small faults are mended too; more where each change of behaviour moves them. */
const SHARE = Object.freeze({ most: 1.02, way: 1.1 });
const MOVED: readonly string[] = ["edge", "start", "start-used"];

/** The budget that these figures make. */
export function allow({ scenarios, firmware, idle, topic, minified }: Budget): Budget {
	const more = (value: number, share: number = SHARE.most) => Math.ceil(value * share);
	const widen = (figures: Budget["scenarios"]) =>
		Object.fromEntries(
			Object.entries(figures).map(([name, { units = 0, slots = 0, bytes, writes }]) => {
				const moved = MOVED.includes(name);
				const share = moved ? SHARE.way : SHARE.most;
				return [
					name,
					{
						units: more(units, share),
						slots: moved ? more(slots, share) : Math.ceil(slots),
						...(writes !== undefined && { writes }),
						...(bytes !== undefined && { bytes: more(bytes, share) }),
					},
				];
			}),
		);
	return {
		scenarios: widen(scenarios),
		firmware: widen(firmware),
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
