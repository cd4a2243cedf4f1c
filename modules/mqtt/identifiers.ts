/**
 * Packet identifiers that the client chooses itself (§2.3.1): 1…65535, wrapping, never one that is in use.
 * For callers that bring none; those that do keep their own account, and none of this runs.
 */

export default class Identifiers {
	private last = 0;
	/** The one that is in use; 0 while none is, -1 while there are more. Mostly there is but one, and then nothing is searched. */
	private one = 0;
	/** More than one, in no order. A short list: native `indexOf` beats a Map up to a few dozen, and costs no garbage. */
	private readonly used: number[] = [];
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
		if (packetIdentifier === this.one) this.one = 0;
		else this.remove(packetIdentifier);
	}

	private search(): number {
		const { used, one } = this;
		if (this.count === 65_535) throw new Error("id: expected a free packet identifier, found none");
		if (one > 0) {
			used[0] = one;
			this.count = 1;
		}
		let id = this.last;
		do id = id === 65_535 ? 1 : id + 1;
		while (one !== 0 && used.indexOf(id) >= 0);
		this.last = id;
		if (one === 0) this.one = id;
		else {
			this.one = -1;
			used[this.count++] = id;
		}
		return id;
	}

	private remove(packetIdentifier: number): void {
		const { used } = this;
		const index = used.indexOf(packetIdentifier);
		if (this.one >= 0 || index < 0 || packetIdentifier === 0) return;
		// The list keeps its length, for to shorten it and grow again makes garbage: 0 is no identifier.
		const count = --this.count;
		used[index] = used[count] as number;
		used[count] = 0;
		if (count === 0) this.one = 0;
	}
}
