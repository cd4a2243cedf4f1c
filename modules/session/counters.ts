/** What a session counts, from the moment it was made. Plain data, so that `info` can carry it as it is. */

export interface Counters {
	/** Messages handed to a connection for the first time. */
	readonly sent: number;
	/** Messages that had to wait. */
	readonly queued: number;
	/** QoS 1 messages that the broker has acknowledged. */
	readonly acknowledged: number;
	/** QoS 1 messages sent again after a reconnect. */
	readonly retransmitted: number;
	readonly received: number;
	/** Inbound messages with the DUP flag. */
	readonly duplicates: number;
	readonly lateWills: number;
	/** Times that a message was put aside, and messages put aside that the broker has taken after all. */
	readonly quarantined: number;
	readonly recovered: number;
	/** Times online. */
	readonly connects: number;
	readonly dropped: { readonly offline: number; readonly full: number; readonly long: number };
	/** Connections and tries that ended, by kind; after each of them there was another try. */
	readonly reconnects: {
		/** Gone while online. */
		readonly ended: number;
		/** No name, no connection, or no CONNACK. */
		readonly unreachable: number;
		readonly refused: number;
		/** No PINGRESP, SUBACK or PUBACK. */
		readonly unanswered: number;
		readonly protocol: number;
		/** The host's network went or came. */
		readonly network: number;
		readonly internal: number;
	};
}

type Writable<T> = { -readonly [K in keyof T]: T[K] extends number ? T[K] : Writable<T[K]> };
export type Tally = Writable<Counters>;

export function tally(): Tally {
	return {
		sent: 0,
		queued: 0,
		acknowledged: 0,
		retransmitted: 0,
		received: 0,
		duplicates: 0,
		lateWills: 0,
		quarantined: 0,
		recovered: 0,
		connects: 0,
		dropped: { offline: 0, full: 0, long: 0 },
		reconnects: {
			ended: 0,
			unreachable: 0,
			refused: 0,
			unanswered: 0,
			protocol: 0,
			network: 0,
			internal: 0,
		},
	};
}
