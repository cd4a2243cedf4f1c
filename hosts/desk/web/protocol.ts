/**
 * What the desk and its page say to each other on `/desk`, as JSON, one object a WebSocket message. Types only; both ends
 * import them. All that MQTT can say goes over `/mqtt` instead.
 */

/** From the desk. */
export type FromDesk = Hello;

/** The first message. */
export interface Hello {
	readonly type: "hello";
	/** Without anything secret. */
	readonly broker: string;
	/** The desk runs the broker: its wire and its faults can be had. */
	readonly own: boolean;
	/** False for a reader without the token. */
	readonly write: boolean;
}
