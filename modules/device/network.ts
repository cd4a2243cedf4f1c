/**
 * The network as a board's session should see it: the host's word on it, and where every broker wants TLS none before
 * the time is known, since no certificate can be judged without (field-notes §2, line 13). The wait is bounded by the
 * session's own deadline for a network; what is tried then fails with a reason that says it.
 */

import { parseAddress } from "./description/address.js";
import type { Description } from "./description/description.js";
import type { Device } from "./io.js";
import type Time from "./time.js";

export type Watch = NonNullable<Device["network"]["watch"]>;

/** What the session is to watch, or nothing where the network may be taken to be there. */
export function watchOf({ network }: Device, { broker = [] }: Description, time: Time): Watch | undefined {
	const all = typeof broker === "string" ? [broker] : broker;
	const secure = all.length > 0 && all.every(text => parseAddress(text)?.secure);
	// Without NTP nobody will ever tell the time.
	if (!secure || !network.ntp || time.known) return network.watch;
	return changed => {
		let up = network.watch === undefined;
		let told = false;
		const tell = () => {
			const now = up && time.known;
			if (now !== told) changed(now);
			told = now;
		};
		changed(false);
		network.watch?.(now => {
			up = now;
			if (up) time.hurry();
			tell();
		});
		time.onKnown = tell;
	};
}
