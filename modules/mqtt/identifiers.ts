/**
 * Packet identifiers that the client chooses itself (§2.3.1): 1…65535, wrapping, never one that is in use.
 * For callers that bring none; those that do keep their own account, and none of this runs.
 */

export default class Identifiers {
	private last = 0;
	/** Those in use, in no order. A short list: native `indexOf` beats a Map up to a few dozen, and costs no garbage. */
	private readonly used: number[] = [];
	private count = 0;

	/** An identifier that is free [MQTT-2.3.1-2]. Throws when all 65 535 are in use. */
	take(): number {
		const count = this.count;
		let id = this.last;
		if (count === 65_535) throw new Error("id: expected a free packet identifier, found none");
		do id = id === 65_535 ? 1 : id + 1;
		while (count !== 0 && this.used.indexOf(id) >= 0);
		this.last = id;
		this.used[count] = id;
		this.count = count + 1;
		return id;
	}

	/** The exchange has ended [MQTT-2.3.1-3]. Nothing happens when the identifier was not taken here. */
	release(packetIdentifier: number): void {
		const used = this.used;
		const index = used[0] === packetIdentifier ? 0 : used.indexOf(packetIdentifier);
		if (index < 0 || packetIdentifier === 0) return;
		// The list keeps its length, for to shorten it and grow again makes garbage: 0 is no identifier.
		const count = --this.count;
		used[index] = used[count] as number;
		used[count] = 0;
	}
}
