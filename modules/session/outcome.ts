/** What became of a message given to `publish`. Anything above `queued` means that it was not accepted. */

export const Outcome = Object.freeze({
	/** Handed to the connection. At QoS 1 it is kept until the broker has acknowledged it. */
	sent: 1,
	/** Kept; leaves when the connection, its window and its rate allow. */
	queued: 2,
	/** QoS 0, there is no connection, and nobody asked to keep the latest. */
	droppedOffline: 3,
	/** The byte budget of the queue or outbox is used up. */
	droppedFull: 4,
	/** Longer than brokers take: it would end each connection it is sent on. */
	droppedLong: 5,
	/** The session is closed. */
	droppedClosed: 6,
});
export type Outcome = (typeof Outcome)[keyof typeof Outcome];
