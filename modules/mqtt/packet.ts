/**
 * The words of MQTT 3.1.1 that codec and client share: packet types (§2.2.1), why a connection ended,
 * and the states of a client. Values only; nothing here does anything.
 */

/** Control packet types, MQTT 3.1.1 table 2.1. */
export const CONNECT = 1;
export const CONNACK = 2;
export const PUBLISH = 3;
export const PUBACK = 4;
export const PUBREC = 5;
export const PUBREL = 6;
export const PUBCOMP = 7;
export const SUBSCRIBE = 8;
export const SUBACK = 9;
export const UNSUBSCRIBE = 10;
export const UNSUBACK = 11;
export const PINGREQ = 12;
export const PINGRESP = 13;
export const DISCONNECT = 14;

/** The largest Remaining Length (§2.2.3). */
export const MAXIMUM_LENGTH = 268_435_455;

/** `error.code` in `onError`: why the connection ended. */
export const Reason = Object.freeze({
	/** The host's name could not be resolved. */
	unresolved: 1,
	/** The network connection could not be made, or is gone. */
	disconnected: 2,
	/** No CONNACK within the deadline. */
	silent: 3,
	/** CONNACK with a return code other than 0; the error carries `returnCode`. */
	refused: 4,
	/** No PINGRESP, nor anything else, for three eighths of the keep-alive interval after a PINGREQ. */
	unanswered: 5,
	/** Bytes that are no MQTT control packet [MQTT-4.8.0-1]. */
	malformed: 6,
	/** A control packet that has no place here: CONNACK missing or repeated, one that only clients send. */
	unexpected: 7,
	/** More QoS 2 messages await their PUBREL than are remembered. */
	overrun: 8,
	/** The application's own callback threw; the error carries it as `cause`. */
	application: 9,
});
export type Reason = (typeof Reason)[keyof typeof Reason];

export interface MQTTError extends Error {
	readonly code: Reason;
	/** CONNACK's return code (§3.2.2.3), with `Reason.refused`. */
	readonly returnCode?: number;
}

export const State = Object.freeze({
	resolving: 1,
	connecting: 2,
	/** CONNECT is out, CONNACK is awaited. */
	waiting: 3,
	connected: 4,
	/** The first fragments of a PUBLISH are out; nothing else may go before its last. */
	publishing: 5,
	/** DISCONNECT is out: nothing may follow it [MQTT-3.14.4-2]. */
	disconnecting: 6,
	closed: 7,
});
export type State = (typeof State)[keyof typeof State];
