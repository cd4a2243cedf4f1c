/** The lines for whoever watches a board: `>` what it says, `<` what it hears, and the session's reports by name. */

import { decode } from "../mqtt/text.js";
import type { PublishOptions, Received } from "../session/options.js";
import { Outcome, Report } from "../session/outcomes.js";
import { names } from "./commands/command.js";

const LONGEST = 200;

export function said(
	name: string,
	payload: string,
	{ QoS, retain }: PublishOptions,
	outcome: number,
): string {
	const what = outcome === Outcome.sent ? "" : outcome === Outcome.queued ? ", queued" : ", dropped";
	return `> ${name} ${payload} (QoS ${QoS}${retain ? ", retained" : ""}${what})`;
}

/** `open`: nothing in it is a secret of anybody's. */
export function heard(
	name: string,
	payload: Uint8Array,
	{ retain, duplicate }: Received,
	open: boolean,
): string {
	return `< ${name} ${printable(payload, open)}${retain ? " (retained)" : ""}${duplicate ? " (duplicate)" : ""}`;
}

export function reported(event: number, detail = ""): string {
	for (const [name, value] of Object.entries(Report))
		if (value === event) return `session: ${name} ${detail}`;
	return `session: ${event} ${detail}`;
}

function printable(payload: Uint8Array, open: boolean): string {
	try {
		const text = payload.byteLength <= LONGEST ? decode(payload) : undefined;
		if (text !== undefined && (open || names.includes(text))) return text;
	} catch {
		// Shown as a count.
	}
	return `(${payload.byteLength} bytes)`;
}
