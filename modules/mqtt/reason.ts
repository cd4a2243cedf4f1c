/**
 * Why a connection ended: the words of `onError`. Numbers stand for them in the client itself, as for packet types
 * (table 2.1: 1 CONNECT … 14 DISCONNECT) and states: each name that a function mentions is 16 bytes of flash there.
 */

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
	/** No PINGRESP, nor anything else, for half of the keep-alive interval after a PINGREQ. */
	unanswered: 5,
	/** Bytes that are no MQTT control packet [MQTT-4.8.0-1]. */
	malformed: 6,
	/** A control packet that has no place here: CONNACK missing or repeated, one that only clients send. */
	unexpected: 7,
	/** More waits to be acknowledged than is remembered: told by modules/session, which then ends the connection. */
	overrun: 8,
	/** The application's own callback threw; the error carries it as `cause`. */
	application: 9,
});
export type Reason = (typeof Reason)[keyof typeof Reason];

/** What `onError` gets. */
export interface MQTTError extends Error {
	/** One of `Reason`. */
	readonly code: Reason;
	/** CONNACK's return code (§3.2.2.3), with `Reason.refused`. */
	readonly returnCode?: number | undefined;
}

/**
 * 0 being constructed, 1 resolving, 2 connecting, 3 waiting for CONNACK, 4 connected, 5 publishing (the first fragments of a PUBLISH are out;
 * nothing else may go before its last), 6 disconnecting (DISCONNECT is out: nothing may follow it [MQTT-3.14.4-2]), 7 closed.
 */
export type State = 0 | 1 | 2 | 3 | 4 | 5 | 6 | 7;
