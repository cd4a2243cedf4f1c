/**
 * Why a connection ends: AWS's own words for it, as its presence events have them, and MQTT's codes.
 * https://docs.aws.amazon.com/iot/latest/developerguide/life-cycle-events.html
 */

export type Reason =
	| "AUTH_ERROR"
	| "CLIENT_ERROR"
	| "CLIENT_INITIATED_DISCONNECT"
	| "CONNECTION_LOST"
	| "DUPLICATE_CLIENTID"
	| "MQTT_KEEP_ALIVE_TIMEOUT"
	| "SERVER_INITIATED_DISCONNECT"
	| "THROTTLED";

/** Of MQTT 5's DISCONNECT. https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html#mqtt5-reason-codes */
export const codes: { readonly [reason in Reason]: number } = {
	AUTH_ERROR: 0x87,
	CLIENT_ERROR: 0x82,
	CLIENT_INITIATED_DISCONNECT: 0,
	CONNECTION_LOST: 0x80,
	DUPLICATE_CLIENTID: 0x8e,
	MQTT_KEEP_ALIVE_TIMEOUT: 0x8d,
	SERVER_INITIATED_DISCONNECT: 0x8b,
	THROTTLED: 0x97,
};

/** Thrown by a rule; the connection ends with it. */
export class End extends Error {
	readonly reason: Reason;
	/** CONNACK, where the packet was CONNECT: of MQTT 3.1.1 and of MQTT 5. */
	readonly refusal: readonly [returnCode: number, reasonCode: number] | undefined;
	constructor(reason: Reason, detail: string, refusal?: readonly [returnCode: number, reasonCode: number]) {
		super(detail);
		this.reason = reason;
		this.refusal = refusal;
	}
}
