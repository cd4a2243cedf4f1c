/**
 * Listens to one connection through the proxy: which alerts the board sends, and what the broker acknowledges. An
 * acknowledgement, and all that follows it, is held back until the observer has the message: a slow network, to the
 * board. So a broker that acknowledges, is killed and forgets can never be taken for a firmware that loses.
 */

import { type Packet, parser } from "mqtt-packet";
import type { Tap } from "./proxy.js";
import { type Alert, alertOf } from "./witness.js";

export interface TapOwner {
	/** The board sends this alert; `duplicate` is its DUP flag. */
	sent(alert: Alert, duplicate: boolean): void;
	/** The observer has it. */
	has(id: string): boolean;
	/** The broker's acknowledgement is on its way to the board. */
	acknowledged(id: string): void;
	/** Calls back at each delivery until the returned function is called. */
	onDelivery(callback: () => void): () => void;
}

const PUBACK = 4;

export class AlertTap implements Tap {
	readonly #owner: TapOwner;
	readonly #parser = parser({ protocolVersion: 4 });
	/** Packet identifier → id of the alert that went out under it. */
	readonly #alerts = new Map<number, string>();
	/** From the broker: whole packets in order, and the beginning of one. */
	#packets: Uint8Array[] = [];
	#rest: Uint8Array = new Uint8Array(0);
	#pass: ((bytes: Uint8Array) => void) | undefined;
	readonly #leave: () => void;

	constructor(owner: TapOwner) {
		this.#owner = owner;
		this.#parser.on("packet", packet => this.#sent(packet));
		this.#leave = owner.onDelivery(() => this.#flow());
	}
	up(bytes: Uint8Array): void {
		this.#parser.parse(Buffer.from(bytes));
	}
	down(bytes: Uint8Array, pass: (bytes: Uint8Array) => void): void {
		this.#pass = pass;
		this.#rest = Buffer.concat([this.#rest, bytes]);
		for (let length = packetLength(this.#rest); length; length = packetLength(this.#rest)) {
			this.#packets.push(this.#rest.subarray(0, length));
			this.#rest = this.#rest.subarray(length);
		}
		this.#flow();
	}
	close(): void {
		this.#leave();
		this.#packets = [];
	}

	#sent(packet: Packet): void {
		if (packet.cmd !== "publish" || packet.qos !== 1 || packet.retain) return;
		const rule = /\/alerts\/([^/]+)$/.exec(packet.topic)?.[1];
		const alert = rule && alertOf(rule, packet.payload.toString());
		if (!alert) return;
		this.#alerts.set(packet.messageId as number, alert.id);
		this.#owner.sent(alert, packet.dup);
	}
	/** Hands on what need not wait. */
	#flow(): void {
		for (let packet = this.#packets[0]; packet; packet = this.#packets[0]) {
			const identifier = ((packet[2] as number) << 8) | (packet[3] as number);
			const id = (packet[0] as number) >> 4 === PUBACK ? this.#alerts.get(identifier) : undefined;
			if (id !== undefined) {
				if (!this.#owner.has(id)) return;
				this.#alerts.delete(identifier);
				this.#owner.acknowledged(id);
			}
			this.#packets.shift();
			this.#pass?.(packet);
		}
	}
}

/** Bytes of the packet that these begin with; 0 while it is not whole (§2.2.3). */
function packetLength(bytes: Uint8Array): number {
	let length = 0;
	for (let at = 1; at < bytes.byteLength; at++) {
		const byte = bytes[at] as number;
		length += (byte & 127) << (7 * (at - 1));
		if (byte > 127) continue;
		const whole = at + 1 + length;
		return whole <= bytes.byteLength ? whole : 0;
	}
	return 0;
}
