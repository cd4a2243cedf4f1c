/**
 * What AWS keeps for years, over restarts of a local one: retained messages, shadows and jobs, in a file that is written whole, at
 * the end and every few seconds where something has changed. Sessions and connections end with the process.
 */

import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import type { Broker } from "./broker.js";
import type { Jobs } from "./jobs.js";
import type { Shadows } from "./shadow.js";

/** Milliseconds from one look to the next. */
const pause = 5000;

export class Keeper {
	readonly #file: string;
	readonly #parts: { readonly broker: Broker; readonly shadows: Shadows; readonly jobs: Jobs };
	readonly #timer: NodeJS.Timeout;
	#last = "";

	/** Puts back what is in the file, if there is one. */
	constructor(file: string, broker: Broker, shadows: Shadows, jobs: Jobs) {
		this.#file = file;
		this.#parts = { broker, shadows, jobs };
		if (existsSync(file)) {
			const kept = JSON.parse(readFileSync(file, "utf8"));
			for (const { topic, payload, qos } of kept.retained)
				broker.kept.set(topic, { topic, payload: Buffer.from(payload, "base64"), qos, retain: true });
			shadows.restore(kept.shadows);
			jobs.restore(kept.jobs);
		}
		this.#timer = setInterval(() => this.save(), pause).unref();
	}

	save(): void {
		const { broker, shadows, jobs } = this.#parts;
		const retained = [...broker.kept.values()].map(({ topic, payload, qos }) => ({
			topic,
			payload: payload.toString("base64"),
			qos,
		}));
		const text = JSON.stringify({ retained, shadows: shadows.kept, jobs: jobs.kept });
		if (text === this.#last) return;
		writeFileSync(`${this.#file}.new`, text, { mode: 0o600 });
		renameSync(`${this.#file}.new`, this.#file);
		this.#last = text;
	}

	close(): void {
		clearInterval(this.#timer);
		this.save();
	}
}
