/**
 * Why a connection ended, as `onOffline` hands it on: the MQTT client's own reasons (mqtt/packet.ts, below 32) and
 * those of the layer above it. Also their names for a log line, and the few kinds they are counted as.
 */

import { Reason as Client } from "../mqtt/reason.js";
import type { Counters } from "./counters.js";

export const Reason = Object.freeze({
	...Client,
	/** The host said that its network is gone. */
	network: 32,
	/** No CONNACK in time, and the client did not say so itself. */
	connect: 33,
	/** No SUBACK in time. */
	subscribe: 34,
	/** Nothing that is in flight was acknowledged in time. */
	acknowledge: 35,
	/** The client refuses what should fit, again and again. */
	stuck: 36,
	/** The network came up while a try of before was under way. */
	superseded: 37,
	/** The client could not even be made, or gave no reason that we know. */
	unknown: 38,
});
export type Reason = (typeof Reason)[keyof typeof Reason];

/** CONNACK return codes of which only time is the cure (§3.2.2.3): VerneMQ says 3 while its cluster is split. */
export function passes(returnCode: number): boolean {
	return returnCode === 3;
}

export function nameOf(reason: number): string {
	for (const [name, value] of Object.entries(Reason)) if (value === reason) return name;
	return `reason ${reason}`;
}

export function kindOf(reason: number, online: boolean): keyof Counters["reconnects"] {
	switch (reason) {
		case Reason.disconnected:
			return online ? "ended" : "unreachable";
		case Reason.unresolved:
		case Reason.silent:
		case Reason.connect:
			return "unreachable";
		case Reason.refused:
			return "refused";
		case Reason.unanswered:
		case Reason.subscribe:
		case Reason.acknowledge:
			return "unanswered";
		case Reason.malformed:
		case Reason.unexpected:
		case Reason.overrun:
			return "protocol";
		case Reason.network:
		case Reason.superseded:
			return "network";
		default:
			return "internal";
	}
}
