/**
 * Packet identifiers in use, in the order in which their messages were first sent: that is the order in which they
 * are sent again [MQTT-4.6.0-1]. It outlives a connection. Does not hold messages, only their place.
 */

/** Where a message is held, so that an acknowledgement finds it: in one of the two outboxes, or nowhere any more. */
export const Lane = Object.freeze({
	live: 0,
	durable: 1,
	/** QoS 2 after PUBREC: the broker has it, PUBCOMP is to come (§4.3.3). */
	released: 2,
} as const);
export type Lane = (typeof Lane)[keyof typeof Lane];

export class Flight {
	/** Packet identifier → sequence × 4 + lane. */
	private readonly places = new Map<number, number>();
	private last = 0;

	get size(): number {
		return this.places.size;
	}
	/** The next identifier that is free [MQTT-2.3.1-2]. The window keeps far below 65 535 of them in use. */
	take(): number {
		do this.last = this.last === 65_535 ? 1 : this.last + 1;
		while (this.places.has(this.last));
		return this.last;
	}
	/** An identifier that is in use keeps its turn. */
	add(packetIdentifier: number, lane: Lane, sequence: number): void {
		this.places.set(packetIdentifier, sequence * 4 + lane);
	}
	/** False when it is not in use. */
	delete(packetIdentifier: number): boolean {
		return this.places.delete(packetIdentifier);
	}
	/** -1 when it is not in use. */
	lane(packetIdentifier: number): Lane | -1 {
		const place = this.places.get(packetIdentifier);
		return place === undefined ? -1 : ((place % 4) as Lane);
	}
	sequence(packetIdentifier: number): number {
		return Math.floor((this.places.get(packetIdentifier) ?? 0) / 4);
	}
	/** Sequence × 4 + lane: a name for the message that outlives its identifier. 0 when the identifier is not in use. */
	place(packetIdentifier: number): number {
		return this.places.get(packetIdentifier) ?? 0;
	}
	identifiers(): number[] {
		return [...this.places.keys()];
	}
	clear(): void {
		this.places.clear();
	}
	/**
	 * Takes over what a session before a restart had in flight, as pairs of identifier and sequence. Identifiers
	 * are given out in a circle, so their order of sending begins after the widest gap.
	 */
	restore(pairs: readonly (readonly [packetIdentifier: number, sequence: number])[], lane: Lane): void {
		const sorted = [...pairs].sort((a, b) => a[0] - b[0]);
		let start = 0;
		let widest = 0;
		for (let i = 0; i < sorted.length; i++) {
			const id = (sorted[i] as readonly [number, number])[0];
			const before = i ? (sorted[i - 1] as readonly [number, number])[0] : (sorted.at(-1)?.[0] ?? 0) - 65_535;
			if (id - before > widest) {
				widest = id - before;
				start = i;
			}
		}
		for (let i = 0; i < sorted.length; i++) {
			const [id, sequence] = sorted[(start + i) % sorted.length] as readonly [number, number];
			this.add(id, lane, sequence);
			this.last = id;
		}
	}
}
