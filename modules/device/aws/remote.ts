/**
 * Settings by the named shadow `settings`: what `cmd config` takes as `set`, without `provision`, is wished in `desired`, and all
 * settings are reported. A key is newer than what was done if the service took it later than the last change that came this way:
 * so a change by `cmd` since is not undone by an older wish. (Of two changes within one second the later may be missed.) What is
 * refused stays wished: with a mistake in one key the others wait until it is mended.
 */

import type { Parts } from "../feature.js";
import { isRecord, type Values } from "../json.js";
import type { Room } from "../memory.js";
import Shadow, { type Wished } from "./shadow.js";

const NAME = "settings";
const KEY = "sh";
export const remoteRoom: Room = Object.freeze([KEY, 19] as const);

export default class Remote extends Shadow {
	/** Why the last was refused: what comes again with each report is said once. */
	private said: unknown;

	constructor(parts: Parts) {
		super(parts, NAME);
	}

	override online(): void {
		this.configured();
	}

	configured(): void {
		const { settings, publisher } = this.parts;
		const sections = settings.readable;
		if (JSON.stringify(sections).length > publisher.longestAnswer)
			publisher.report(`${NAME}: too long for a report, ${publisher.longestAnswer} bytes are possible`);
		else Object.keys(sections).forEach(this.report, this);
	}

	protected override told(key: string): string {
		return JSON.stringify((this.parts.settings.readable as Values)[key]);
	}

	protected override take({ state, times }: Wished): void {
		const { memory, publisher } = this.parts;
		const { at = 0 } = memory.get(KEY) as { readonly at?: number };
		const since = newer(state, times, at);
		if (!since.values) return;
		const { provision, ...set } = since.values as Values;
		const error =
			provision === undefined
				? this.parts.perform({ cmd: "config", set }).error
				: "provision: expected nothing";
		if (error === undefined) memory.put(KEY, { at: since.at });
		else if (error !== this.said) publisher.refuse(`shadow/${NAME}`, error as string);
		this.said = error;
	}
}

/** Of `value` what the service took after `at`, and when it took the last of it. */
const newer = (
	value: unknown,
	time: unknown,
	at: number,
): { readonly values?: unknown; readonly at: number } => {
	if (!isRecord(value)) {
		const taken = timeOf(time);
		return taken > at ? { values: value, at: taken } : { at };
	}
	const values: { [key: string]: unknown } = {};
	let last = at;
	for (const key of Object.keys(value)) {
		const found = newer(value[key], isRecord(time) ? time[key] : undefined, at);
		if (found.values === undefined) continue;
		values[key] = found.values;
		last = Math.max(last, found.at);
	}
	return Object.keys(values).length ? { values, at: last } : { at };
};

/** Of a list each item has a time. */
const timeOf = (time: unknown): number => {
	if (Array.isArray(time)) return Math.max(0, ...time.map(timeOf));
	const { timestamp = 0 } = isRecord(time) ? time : {};
	return typeof timestamp === "number" ? timestamp : 0;
};
