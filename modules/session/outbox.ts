/**
 * What a session needs from the place that holds QoS 1 messages until the broker has acknowledged them.
 * Types only. Two implementations: `session/queue.ts` (RAM, bounded by bytes) and `store/outbox.ts` (flash journal).
 * A message is `queued` (no packet identifier) → `sent` (identifier kept, so that DUP is right after a
 * reconnect or a reboot [MQTT-4.4.0-1]) → `released` (gone). `quarantined` is put aside and counted, until `readmit`
 * makes it `queued` again; it is never thrown away.
 */

/**
 * A message that is held. Valid until the next `next`, `append` or `close` of its outbox (`sent` and `failed` leave it as it
 * is), and no longer than until control goes back to the host: a payload in flash is read into a buffer that others use.
 */
export interface OutboxEntry {
	/** Position in the order of acceptance, from 1 upward; never used again in the life of the outbox. */
	readonly sequence: number;
	/** 1…65535 while a broker's session knows the message, else 0. */
	readonly packetIdentifier: number;
	readonly topic: string;
	readonly payload: Uint8Array;
	readonly retain: boolean;
	/** How many connections the peer ended soon after this message's bytes. */
	readonly failures: number;
}

export interface OutboxOptions {
	readonly retain?: boolean;
	/**
	 * The class whose policy decides when the outbox is full, 0…7. 0, the default: alerts, the oldest stay and the new one is
	 * refused. Any other: the oldest of that class that was not sent yet gives way.
	 */
	readonly kind?: number;
}

export interface Outbox {
	/** Messages held and not quarantined. */
	readonly length: number;
	/** Bytes of topics and payloads held. */
	readonly byteLength: number;
	/** How often a message was put aside so far. */
	readonly quarantined: number;
	/** Accepts a message (copied). Returns its sequence, or 0 when it was refused because the outbox is full. */
	append(topic: string, payload: Uint8Array, options?: OutboxOptions): number;
	/** The oldest held message whose sequence is greater than `sequence`; 0 asks for the oldest of all. */
	next(sequence: number): OutboxEntry | undefined;
	/** The message goes out under this packet identifier; call before the bytes leave. */
	sent(sequence: number, packetIdentifier: number): void;
	/** The broker acknowledged this packet identifier. False when no held message has it. */
	release(packetIdentifier: number): boolean;
	/** The broker has no session (Session Present 0): every identifier is forgotten, the order stays. */
	reset(): void;
	/** The peer ended a connection soon after this message's bytes. Returns its new count of failures. */
	failed(sequence: number): number;
	/** Puts a message aside: it is counted, kept, and not offered by `next` until it is readmitted. */
	quarantine(sequence: number): void;
	/** As `next`, of the messages put aside. */
	aside(sequence: number): OutboxEntry | undefined;
	/** A message that was put aside is offered again, in its old place. False when it is not aside. */
	readmit(sequence: number): boolean;
	close(): void;
}
