/**
 * What a board needs of the session below it (modules/session/session.ts is one, the tests' scripted one another).
 * Types only.
 */

import type { Ticks, Timer } from "../mqtt/io.js";
import type { Outbox } from "../session/outbox.js";
import type { Outcome } from "../session/outcome.js";

export interface PublishOptions {
	readonly QoS?: 0 | 1;
	readonly retain?: boolean;
	/** Through the outbox: must outlive a power cut. */
	readonly durable?: boolean;
	/** While it waits, a later one on the same topic takes its place. */
	readonly latest?: boolean;
}

export interface Incoming {
	readonly QoS: number;
	readonly retain: boolean;
	readonly duplicate: boolean;
	/** The packet identifier, by which a redelivery is known; 0 at QoS 0. */
	readonly id: number;
}

export interface Link {
	readonly online: boolean;
	/** Plain numbers. */
	readonly counters: object;
	publish(topic: string, payload: string | Uint8Array, options?: PublishOptions): Outcome;
	/** Says `farewell` (default `offline`; empty clears it) retained on the status topic, and leaves. */
	close(callback?: () => void, farewell?: string): void;
}

export interface LinkOptions {
	readonly id: string;
	readonly keepAlive: number;
	readonly status: { readonly topic: string; readonly online: string; readonly offline: string };
	readonly subscriptions: readonly { readonly topic: string; readonly QoS: 0 | 1 }[];
	readonly outbox: Outbox;
	/** One text that survives a restart. */
	readonly memory: { read(): string | undefined; write(text: string): void };
	readonly timer: Timer;
	readonly ticks: Ticks;
	/** Told at once or later, and at each change, whether there is a network; where somebody knows. */
	readonly watch?: ((changed: (up: boolean) => void) => void) | undefined;
	readonly onMessage: (topic: string, payload: Uint8Array, about: Incoming) => void;
	readonly onOnline: (sessionPresent: boolean) => void;
	readonly onOffline: (reason: number) => void;
	readonly onReport?: (event: number, detail?: string) => void;
}
