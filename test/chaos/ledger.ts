/**
 * The account of a campaign, alert by alert. Accepted: flash held a whole record of it (the message, or the rule's state
 * with its id), whether or not the firmware lived to know. Delivered: the observer, subscribed at the broker itself, has it.
 * Lost: accepted and not delivered when all faults have ended and the board says that it has nothing left.
 * A second account needs no witness of flash: see `broken` and `reordered`. While flash takes no writes, alerts go by
 * RAM: those may be lost with the power or be repeated, and only then.
 */

import type { TapOwner } from "./tap.js";
import type { Alert, Fact } from "./witness.js";

interface Entry extends Alert {
	accepted: boolean;
	/** The journal's number; 0 before it is queued. */
	sequence: number;
	released: boolean;
	quarantined: boolean;
	/** Times the board sent it, the broker's acknowledgement went to the board, and the observer got it. */
	sent: number;
	acknowledged: number;
	delivered: number;
	/** It was accepted and not delivered when the power went. */
	outlived: boolean;
	/** Flash took no writes in its time: it may be known to RAM only, and a restart may repeat it. */
	doubtful: boolean;
	/** The board's life in which something was last heard of it. */
	life: number;
}

/** Milliseconds in which the network may tell of alerts from before. */
const GRACE = 3000;

export class Ledger implements TapOwner {
	/** Counts the board's lives, from 0. */
	life = 0;
	accepted = 0;
	delivered = 0;
	/** Deliveries beyond the first: at QoS 1 they are lawful. */
	duplicates = 0;
	/** Sent with DUP. */
	retransmitted = 0;
	/** First deliveries that came after a later one of the same rule [MQTT-4.6.0-1]. */
	readonly reordered: string[] = [];
	/** What the lamp must never do: apply an older version, or another wish than the version's. */
	readonly misled: string[] = [];
	/** Versions applied, and the last of them. */
	applied = 0;
	lamp = { ver: -1, on: false };
	readonly #entries = new Map<string, Entry>();
	readonly #bySequence = new Map<number, Entry>();
	readonly #waiting = new Set<() => void>();
	/** The latest of each rule that was delivered. */
	readonly #last = new Map<string, string>();
	/** The latest of each rule that was heard of. */
	readonly #newest = new Map<string, string>();
	readonly #wishes = new Map<number, boolean>();
	/** Until when entries are doubtful, by `performance.now()`. */
	#doubt = 0;

	/** A record that was written to flash, or one found there: those are in no order, and may be old. */
	note(fact: Fact, found = false): void {
		if (fact.what === "intended" || fact.what === "queued") {
			const entry = this.#entry(fact);
			if (!entry.accepted) this.accepted++;
			entry.accepted = true;
			if (fact.what === "intended") return;
			if (!found && !fact.copied && this.#doubt === Number.POSITIVE_INFINITY)
				this.#doubt = performance.now() + GRACE;
			entry.sequence = fact.sequence;
			this.#bySequence.set(fact.sequence, entry);
		} else if (fact.what === "lamp") {
			// Found: the last one may not have been told, the others are of old.
			if (!found || fact.ver > this.lamp.ver) this.#apply(fact.ver, fact.on);
		} else if (found) return;
		else if (fact.what !== "sent") {
			const entry = this.#bySequence.get(fact.sequence);
			if (entry) entry[fact.what] = true;
		}
	}
	/** The board's flash has refused a write. Alerts are in doubt until it takes one, and all that were before it. */
	refused(): void {
		this.#doubt = Number.POSITIVE_INFINITY;
		for (const id of this.#newest.values()) (this.#entries.get(id) as Entry).doubtful = true;
	}
	/** A client published this on `lamp/desired`. */
	wish(ver: number, on: boolean): void {
		this.#wishes.set(ver, on);
	}
	/** The lamp's pin has changed: what it does must be stored by then. */
	shine(level: number): void {
		const { ver, on } = this.lamp;
		if ((level === 1) !== on) this.misled.push(`the lamp is ${level ? "on" : "off"} at version ${ver}`);
	}
	/** The observer got this. */
	deliver(alert: Alert): void {
		const entry = this.#entry(alert);
		if (entry.delivered++) this.duplicates++;
		else {
			this.delivered++;
			const last = this.#last.get(alert.rule);
			if (last && compare(last, alert.id) > 0) this.reordered.push(`${alert.rule} ${alert.id} after ${last}`);
			else this.#last.set(alert.rule, alert.id);
		}
		for (const callback of [...this.#waiting]) callback();
	}
	/** Accepted and not delivered, each with what is known of it. */
	get missing(): string[] {
		const missing: string[] = [];
		for (const entry of this.#entries.values())
			if (entry.accepted && !entry.delivered) missing.push(describe(entry));
		return missing;
	}
	get pending(): number {
		let count = 0;
		for (const { accepted, delivered } of this.#entries.values()) if (accepted && !delivered) count++;
		return count;
	}
	/** The board has died. */
	died(): void {
		this.life++;
		if (this.#doubt === Number.POSITIVE_INFINITY) this.#doubt = performance.now() + GRACE;
		for (const entry of this.#entries.values()) if (entry.accepted && !entry.delivered) entry.outlived = true;
	}
	/** Alerts that a death of the board found on their way. */
	get outlived(): number {
		let count = 0;
		for (const { outlived } of this.#entries.values()) if (outlived) count++;
		return count;
	}
	/** Put aside by the firmware. */
	get quarantined(): number {
		let count = 0;
		for (const { quarantined } of this.#entries.values()) if (quarantined) count++;
		return count;
	}
	/** Delivered by RAM alone, while flash took no writes. */
	get spared(): number {
		let count = 0;
		for (const { accepted, delivered, doubtful } of this.#entries.values())
			if (!accepted && delivered && doubtful) count++;
		return count;
	}
	/** Delivered, though no flash ever held it. */
	get invented(): string[] {
		return [...this.#entries.values()]
			.filter(({ accepted, doubtful }) => !accepted && !doubtful)
			.map(describe);
	}
	/**
	 * The sensor crosses its thresholds all the time and a rule's state outlives the power, so the edges of a rule are ON
	 * and OFF by turns over all lives. One that was repeated, or that vanished from every account, breaks the row.
	 */
	get broken(): string[] {
		const broken: string[] = [];
		const before = new Map<string, Entry>();
		for (const entry of [...this.#entries.values()].sort((a, b) => compare(a.id, b.id))) {
			const last = before.get(entry.rule);
			if (last?.state === entry.state && !last.doubtful && !entry.doubtful)
				broken.push(`${entry.rule}: ${last.id} and ${entry.id} are both ${entry.state}`);
			before.set(entry.rule, entry);
		}
		return broken;
	}

	// TapOwner

	sent(alert: Alert, duplicate: boolean): void {
		this.#entry(alert).sent++;
		if (duplicate) this.retransmitted++;
	}
	acknowledged(id: string): void {
		const entry = this.#entries.get(id);
		if (entry) entry.acknowledged++;
	}
	has(id: string): boolean {
		return (this.#entries.get(id)?.delivered ?? 0) > 0;
	}
	onDelivery(callback: () => void): () => void {
		this.#waiting.add(callback);
		return () => this.#waiting.delete(callback);
	}

	#entry({ id, rule, state }: Alert): Entry {
		let entry = this.#entries.get(id);
		if (!entry) {
			const flags = {
				accepted: false,
				released: false,
				quarantined: false,
				outlived: false,
				doubtful: false,
			};
			const counts = { sequence: 0, sent: 0, acknowledged: 0, delivered: 0, life: 0 };
			entry = { id, rule, state, ...flags, ...counts };
			this.#entries.set(id, entry);
		}
		entry.life = this.life;
		entry.doubtful ||= performance.now() < this.#doubt;
		if (compare(this.#newest.get(rule) ?? "0-0", id) < 0) this.#newest.set(rule, id);
		return entry;
	}
	#apply(ver: number, on: boolean): void {
		const { lamp } = this;
		if (ver < lamp.ver) this.misled.push(`version ${ver} after ${lamp.ver}`);
		else if (ver === lamp.ver && on !== lamp.on) this.misled.push(`version ${ver} switched twice`);
		else if (this.#wishes.get(ver) !== on) this.misled.push(`version ${ver} as ${on ? "ON" : "OFF"}`);
		if (ver > lamp.ver) this.applied++;
		this.lamp = { ver, on };
	}
}

/** By boot, then by number. */
function compare(one: string, other: string): number {
	const [boot = 0, seq = 0] = one.split("-").map(Number);
	const [otherBoot = 0, otherSeq = 0] = other.split("-").map(Number);
	return boot - otherBoot || seq - otherSeq;
}

/** Where it was last seen. */
function describe(entry: Entry): string {
	const { id, rule, state, sequence, sent, acknowledged, delivered, life } = entry;
	const seen: string[] = [];
	if (!entry.accepted) seen.push("never seen in flash");
	else seen.push(sequence ? `journal ${sequence}` : "remembered, not seen in the outbox");
	seen.push(sent ? `sent ${sent} times` : "never sent");
	seen.push(acknowledged ? `acknowledged ${acknowledged} times` : "never acknowledged");
	if (entry.quarantined) seen.push("put aside");
	if (entry.released) seen.push("released from the journal");
	if (delivered) seen.push(`delivered ${delivered} times`);
	return `${id} (${rule} ${state}): ${seen.join(", ")}; last in life ${life}`;
}
