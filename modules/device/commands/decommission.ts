/**
 * Takes back all that a board has retained, when it is decommissioned (`cmd forget`). That it is to be done is stored, so it
 * goes on after a lost connection and after a restart until the broker has acknowledged each clearing; only then the
 * record goes and the board says goodbye. The clearings travel through the outbox, which tells by being empty.
 */

import type { TimerHandle } from "../../mqtt/io.js";
import type { Device } from "../io.js";
import type Memory from "../memory.js";

export interface ForgettingHost {
	readonly memory: Memory;
	readonly timer: Device["timer"];
	readonly online: boolean;
	/** The broker has acknowledged all that was cleared. */
	readonly acknowledged: boolean;
	/** What there may be at the broker. */
	retained(): readonly string[];
	/** False when there is no room for it now. */
	clear(name: string): boolean;
	/** All is taken back. */
	forgotten(): void;
}

const KEY = "forget";
const LOOK = 250;

export default class Forgetting {
	private readonly host: ForgettingHost;
	private begun: boolean;
	/** What is still to be cleared; unknown until the broker is there. */
	private left: readonly string[] | undefined;
	private timer: TimerHandle | undefined;

	constructor(host: ForgettingHost) {
		this.host = host;
		this.begun = host.memory.get(KEY).active === true;
	}

	/** Nothing is to be retained any more. */
	get active(): boolean {
		return this.begun;
	}

	/** False when a restart would not know of it; it is done all the same. */
	begin(): boolean {
		this.begun = true;
		this.online();
		return this.host.memory.put(KEY, { active: true });
	}

	/** The broker is there, perhaps again. */
	online(): void {
		if (this.begun && !this.timer) this.timer = this.host.timer.repeat(() => this.look(), LOOK);
	}

	close(): void {
		this.host.timer.clear(this.timer);
		this.timer = undefined;
	}

	/** Done: the next start is that of a new board. */
	end(): void {
		this.begun = false;
		this.host.memory.delete(KEY);
	}

	private look(): void {
		const host = this.host;
		if (!host.online) return;
		this.left = (this.left ?? host.retained()).filter(name => !host.clear(name));
		if (this.left.length || !host.acknowledged) return;
		this.close();
		host.forgotten();
	}
}
