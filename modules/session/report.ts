/** What a session reports beside going online and offline: events for a log line, each with a detail in text. */

export const Report = Object.freeze({
	/** A try failed: `host:port reason`. */
	failed: 1,
	/** CONNACK with a code that only a person can change (§3.2.2.3): `host:port code`. The tries go on, slowly. */
	refused: 2,
	/** The broker refused a filter [MQTT-3.9.3-2]: the filter. The others work. */
	filterRefused: 3,
	/** Granted at a lower QoS than asked for: the filter. */
	filterLowered: 4,
	/** Several short connections in a row: another client may use this id. */
	duplicateSuspected: 5,
	/** The broker hung up on this message three times and it was put aside, to be offered again later: its topic. */
	quarantined: 6,
	/** The outbox or queue is full and refuses messages: the topic of the first. */
	full: 7,
	/** An inbound message is longer than this board takes, and was not delivered: its topic. */
	long: 8,
	/** The application's handler threw: the error. */
	handler: 9,
	/** Our own `offline` came while we are connected; `online` was published again. */
	lateWill: 10,
	/** A fault inside, survived: the error. */
	internal: 11,
	/** The broker has taken a message that had been put aside: its topic. */
	recovered: 12,
});
export type Report = (typeof Report)[keyof typeof Report];
