/**
 * The alert of a board whose flash takes no writes: `storage-fault`. Its edges, and all alerts that follow, go by RAM then
 * (store/outbox.ts), and `info` says so. Flash is tried again each second, until it takes a record.
 */

import { Deadline } from "../session/deadline.js";
import { storageFault } from "./description/description.js";
import Alert, { type AlertParts, type Edges } from "./sensors/alert.js";
import type { SamplerParts } from "./sensors/sampler.js";
import type { Storage } from "./storage.js";

const PERIOD = 1000;

export default class Fault {
	readonly alerts: readonly Alert[];
	private readonly alert: Alert;
	private readonly parts: AlertParts;
	private readonly storage: Storage;
	/** Its `info` says where alerts are kept. */
	retained: { inform(): void } | undefined;
	private readonly turn: Deadline;

	/** `edges` is only looked at here. */
	constructor(parts: AlertParts & SamplerParts, storage: Storage, edges: Edges) {
		this.parts = parts;
		this.storage = storage;
		this.turn = new Deadline(parts.timer, this, this.look);
		this.alert = new Alert(parts, { name: storageFault, above: 0 }, edges);
		const { store } = storage;
		this.alerts = store ? [this.alert] : [];
		if (store) store.onBroken = () => this.turn.set(0);
	}

	start(): void {
		if (!this.storage.store) return;
		this.alert.start();
		this.turn.set(0);
	}

	close(): void {
		this.turn.close();
	}

	private look(): void {
		const { alert, storage } = this;
		const on = alert.on;
		storage.store?.retry();
		const now = this.parts.time.uptime;
		const value = storage.outbox.broken ? 1 : 0;
		alert.look(value, now, now, value);
		if (alert.on !== on) this.retained?.inform();
		if (alert.on || alert.waiting) this.turn.set(PERIOD);
	}
}
