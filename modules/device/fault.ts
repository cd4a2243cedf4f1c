/**
 * The alert of a board whose flash takes no writes: `storage-fault`. Its edges, and all alerts that follow, go by RAM then
 * (store/outbox.ts), and `info` says so. Flash is tried again each second, until it takes a record.
 */

import { Deadline } from "../session/deadline.js";
import { storageFault } from "./description/description.js";
import type { Storage } from "./memory.js";
import Alert, { type AlertParts, type Edges } from "./sensors/alert.js";
import type { SamplerParts } from "./sensors/sampler.js";

interface FaultParts extends AlertParts, SamplerParts {
	readonly storage: Storage;
	/** Its `info` says where alerts are kept. */
	readonly retained: { inform(): void };
}

const PERIOD = 1000;

export default class Fault {
	readonly alerts: readonly Alert[];
	private readonly alert: Alert;
	private readonly parts: FaultParts;
	private readonly turn: Deadline;

	/** `edges` is only looked at here. */
	constructor(parts: FaultParts, edges: Edges) {
		this.parts = parts;
		this.turn = new Deadline(parts.timer, this, this.look);
		this.alert = new Alert(parts, { name: storageFault, above: 0 }, edges);
		const { store } = parts.storage;
		this.alerts = store ? [this.alert] : [];
		if (store) store.onBroken = () => this.turn.set(0);
	}

	start(): void {
		if (!this.parts.storage.store) return;
		this.alert.start();
		this.turn.set(0);
	}

	close(): void {
		this.turn.close();
	}

	private look(): void {
		const { alert } = this;
		const { storage, time, retained } = this.parts;
		const on = alert.on;
		storage.store?.retry();
		const now = time.uptime;
		const value = storage.outbox.broken ? 1 : 0;
		alert.look(value, now, now, value);
		if (alert.on !== on) retained.inform();
		if (alert.on || alert.waiting) this.turn.set(PERIOD);
	}
}
