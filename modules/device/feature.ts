/**
 * What a board may be built without (DESIGN.md, "The house"): Home Assistant, say. A program names the features it wants (start.ts); each
 * adds keys to the description, records to the memory, and a part to the board, which hears topics of its own and is told when the broker
 * comes and goes. Types only: nothing here knows any feature.
 */

import type { Received, SessionLike, SessionOptions, Subscription } from "../session/options.js";
import type { Description } from "./description/description.js";
import type Settings from "./description/settings.js";
import type { Form } from "./description/validate.js";
import type { Device } from "./io.js";
import type { Names, Values } from "./json.js";
import type { Boot, default as Memory, Room } from "./memory.js";
import type Output from "./outputs/output.js";
import type Publisher from "./publisher.js";

export interface Feature extends Form {
	/** The records that it keeps on a board of this description. */
	rooms(description: Description): readonly Room[];
	/** Bytes of slots and chunks that it takes there. */
	heap(description: Description): number;
	/** Its parts of a board, or none where there is nothing for it to do. */
	make(parts: Parts): readonly Part[];
}

/** What a feature is made from: the board, as far as features may use it. */
export interface Parts {
	readonly device: Device;
	/** With the changes of `cmd config`. */
	readonly description: Description;
	/** What `cmd config` changes of it. */
	readonly settings: Settings;
	readonly memory: Memory;
	readonly boot: Boot;
	readonly publisher: Publisher;
	readonly outputs: readonly Output[];
	/** That messages may use as keys. */
	readonly names: Names;
	/** Alerts of the board itself, beside those of its sensors. */
	readonly own: readonly { readonly name: string }[];
	/** The id or root is on trial: what was retained under the other one stays. */
	readonly trying: boolean;
	/** Publishes all that is retained, one a turn. */
	announce(): void;
	/** Carries out a command, later than in `make`. The answer, or the `error`: then nothing was done. */
	perform(command: Values): Values;
}

/** What a feature adds to one board. It is told what happens to the board, and all of it is optional but its end. */
export interface Part {
	readonly inbound?: readonly Inbound[];
	/** In place of the broker's session, while the board has no identity of its own. */
	connect?(options: SessionOptions): SessionLike | undefined;
	/** The broker is there, and all other parts know. */
	online?(present: boolean): void;
	offline?(): void;
	/** `cmd config` has changed something. */
	configured?(): void;
	/** The button was pressed. */
	pressed?(): void;
	/** Takes back what it has retained: the board is taken out of service. False: to be asked again. */
	clear?(): boolean;
	close(): void;
}

/** A whole topic beside the board's own, and who receives what comes on it. */
export interface Inbound extends Subscription {
	receive(payload: Uint8Array, about: Received): void;
}
