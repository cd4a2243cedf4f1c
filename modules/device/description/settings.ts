/**
 * The description as it is in force: as written, with what `cmd config` has changed since, which is remembered over
 * restarts. What may be changed, and how, is config.ts's.
 */

import type { Device } from "../io.js";
import type Memory from "../memory.js";
import { combined, configured } from "./config.js";
import { type Description, line } from "./description.js";
import type { Problem, Values } from "./schema.js";

const KEY = "config";

/** The mistake that is the storage's. */
export function unstored(key: string): readonly Problem[] {
	return [{ key, expected: "a change that can be stored", found: "a memory that refuses it" }];
}

export default class Settings {
	private readonly original: Description;
	private readonly memory: Memory;
	private readonly device: Device;
	private laid: Description;

	constructor(original: Description, memory: Memory, device: Device) {
		this.original = this.laid = original;
		this.memory = memory;
		this.device = device;
		const changes = memory.get(KEY);
		if (Object.keys(changes).length === 0) return;
		const { description, problems } = configured(original, changes, device);
		if (description) this.laid = description;
		// The description has changed since, and they no longer fit.
		for (const problem of problems) device.trace?.(`configuration ignored: ${line(problem)}`);
	}

	get current(): Description {
		return this.laid;
	}

	/** Problems, or none: then it is stored and in force. */
	change(changes: Values): readonly Problem[] {
		const all = combined(this.memory.get(KEY), changes);
		const { description, problems } = configured(this.original, all, this.device);
		if (!description) return problems;
		if (!this.memory.put(KEY, all)) return unstored("set");
		this.laid = description;
		return problems;
	}
}
