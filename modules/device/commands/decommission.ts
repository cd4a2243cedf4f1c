/**
 * Decommissions a board (`cmd forget`): clears every topic that it has ever retained. The order is stored, so it goes on after
 * a lost connection and after a restart, until the broker has acknowledged each clearing; then the record is deleted and the
 * board leaves. The clearings travel through the outbox, which is empty once all of them are acknowledged.
 */

import type { Timer, TimerHandle } from "../../mqtt/io.js";
import type { Outbox } from "../../session/options.js";
import type Memory from "../memory.js";
import type Publisher from "../publisher.js";
import type Retained from "../retained/retained.js";
import topics from "../topics.js";

const KEY = "forget";
const LOOK = 250;

export interface DecommissionOptions {
	readonly timer: Timer;
	readonly memory: Memory;
	readonly publisher: Publisher;
	readonly outbox: Outbox;
	readonly retained: Retained;
	/** The board leaves, without a status. */
	readonly leave: () => void;
}

export default class Decommission {
	private readonly options: DecommissionOptions;
	private begun: boolean;
	/** Names that no clearing was accepted for yet; unknown until the broker is there. */
	private left: readonly string[] | undefined;
	private timer: TimerHandle | undefined;

	constructor(options: DecommissionOptions) {
		this.options = options;
		this.begun = options.memory.get(KEY).active === true;
	}

	/** Nothing is to be retained any more. */
	get active(): boolean {
		return this.begun;
	}

	/** False when a restart would not know of it; it is done all the same. */
	begin(): boolean {
		this.begun = true;
		this.online();
		return this.options.memory.put(KEY, { active: true });
	}

	/** The broker is there, perhaps again. */
	online(): void {
		if (this.begun && !this.timer) this.timer = this.options.timer.repeat(() => this.look(), LOOK);
	}

	close(): void {
		this.options.timer.clear(this.timer);
		this.timer = undefined;
	}

	/** All is cleared and the board has left: the next start is that of a new board. */
	end(): void {
		this.begun = false;
		this.options.retained.forget();
		this.options.memory.delete(KEY);
	}

	private look(): void {
		const { publisher, retained, outbox, leave } = this.options;
		if (!publisher.online) return;
		this.left = (this.left ?? [...retained.names, topics.status]).filter(
			name => !publisher.clear(name, true),
		);
		if (this.left.length || outbox.length) return;
		this.close();
		leave();
	}
}
