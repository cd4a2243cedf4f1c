/**
 * How often a command was begun and not finished. A command that ends the machine is never acknowledged, so the broker
 * delivers it again at each start: it is counted in memory before it is carried out, and refused the third time. By its bytes: brokers may
 * redeliver under another identifier and without DUP. Knows nothing of what a command does.
 */

import type { default as Memory, Room } from "../memory.js";
import { hashOf } from "../memory.js";

const KEY = "begun";
export const attemptsRoom: Room = Object.freeze([KEY, 24] as const);
const MOST = 2;

export default class Attempts {
	private readonly memory: Memory;

	constructor(memory: Memory) {
		this.memory = memory;
	}

	/** The command may be carried out; `end` follows. False the third time, and then it counts as a new one. */
	begin(payload: Uint8Array): boolean {
		const memory = this.memory;
		const c = hashOf(payload);
		const last = memory.get(KEY);
		const n = last.c === c && typeof last.n === "number" ? last.n + 1 : 1;
		if (n > MOST) {
			this.end();
			return false;
		}
		memory.put(KEY, { c, n });
		return true;
	}

	/** It is done, and the machine is still there. */
	end(): void {
		this.memory.delete(KEY);
	}
}
