/**
 * Packet identifiers that the client chooses itself (§2.3.1): 1…65535, wrapping, never one that is in use.
 * For callers that bring none; those that do keep their own account, and none of this runs.
 */

export default class Identifiers {
	private last = 0;
	/** In use, and 0 where none is. A short list: native `indexOf` beats a Map up to a few dozen, and costs no garbage. */
	private readonly used: number[] = [0];
	private count = 0;

	/** An identifier that is free [MQTT-2.3.1-2]. Throws when all 65 535 are in use. */
	take(): number {
		const used = this.used;
		if (this.count === 65_535) throw new Error("id: expected a free packet identifier, found none");
		do this.last = this.last === 65_535 ? 1 : this.last + 1;
		while (this.count !== 0 && used.indexOf(this.last) >= 0);
		const free = this.count === 0 ? 0 : used.indexOf(0);
		if (free >= 0) used[free] = this.last;
		else used.push(this.last);
		this.count++;
		return this.last;
	}

	/** The exchange has ended [MQTT-2.3.1-3]. Nothing happens when the identifier was not taken here. */
	release(packetIdentifier: number): void {
		const index = this.used.indexOf(packetIdentifier);
		if (index < 0 || packetIdentifier === 0) return;
		this.used[index] = 0;
		this.count--;
	}
}
