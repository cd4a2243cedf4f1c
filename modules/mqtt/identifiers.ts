/**
 * Packet identifiers that the client chooses itself (§2.3.1): 1…65535, wrapping, never one that is in use.
 * For callers that bring none; those that do keep their own account, and none of this runs.
 */

export default class Identifiers {
	private last = 0;
	/** One that is in use, 0 while none is: mostly there is but one, and then nothing is searched. */
	private one = 0;
	/** The others, in no order. A short list: native `indexOf` beats a Map up to a few dozen, and costs no garbage. */
	private readonly others: number[] = [];
	private count = 0;

	/** An identifier that is free [MQTT-2.3.1-2]. Throws when all 65 535 are in use. */
	take(): number {
		const id = this.last + 1;
		if (this.one !== 0 || id > 65_535) return this.search();
		this.last = this.one = id;
		return id;
	}

	/** The exchange has ended [MQTT-2.3.1-3]. Nothing happens when the identifier was not taken here. */
	release(packetIdentifier: number): void {
		if (packetIdentifier !== this.one || this.count !== 0) this.remove(packetIdentifier);
		else this.one = 0;
	}

	private search(): number {
		const { others, count } = this;
		if (count === 65_534) throw new Error("id: expected a free packet identifier, found none");
		let id = this.last;
		do id = id === 65_535 ? 1 : id + 1;
		while (id === this.one || (count !== 0 && others.indexOf(id) >= 0));
		this.last = id;
		if (this.one === 0) this.one = id;
		else {
			others[count] = id;
			this.count = count + 1;
		}
		return id;
	}

	private remove(packetIdentifier: number): void {
		const { others } = this;
		const index = others.indexOf(packetIdentifier);
		const found = packetIdentifier === this.one;
		if (packetIdentifier === 0 || (!found && index < 0)) return;
		// The list keeps its length, for to shorten it and grow again makes garbage: 0 is no identifier.
		const count = --this.count;
		const last = others[count] as number;
		if (found) this.one = last;
		else others[index] = last;
		others[count] = 0;
	}
}
