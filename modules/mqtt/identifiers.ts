/**
 * Packet identifiers that the client chooses itself (§2.3.1): 1…65535, wrapping, never one that is in use.
 * For callers that bring none; those that do keep their own account, and none of this runs.
 */

export default class Identifiers {
	declare private last: number;
	/** The one that is in use; 0 while none is, -1 while there are more. Mostly there is but one, and then nothing is searched. */
	declare private one: number;
	/** More than one, in no order. A short list: native `indexOf` beats a Map up to a few dozen, and costs no garbage. */
	declare private readonly values: number[];
	declare private count: number;

	constructor() {
		this.count = this.one = this.last = 0;
		this.values = [];
	}

	/** An identifier that is free [MQTT-2.3.1-2]. Throws when all 65 535 are in use. */
	take(): number {
		const id = this.last + 1;
		if (this.one !== 0 || id > 65_535) return this.search();
		this.last = this.one = id;
		return id;
	}

	/** The exchange has ended [MQTT-2.3.1-3]. Nothing happens when the identifier was not taken here. */
	free(id: number): void {
		if (id === this.one) this.one = 0;
		else this.remove(id);
	}

	private search(): number {
		const values = this.values;
		const one = this.one;
		if (this.count === 65_535) throw new Error("id: expected a free packet identifier, found none");
		if (one > 0) {
			values[0] = one;
			this.count = 1;
		}
		let id = this.last;
		do id = id === 65_535 ? 1 : id + 1;
		while (one !== 0 && values.indexOf(id) >= 0);
		this.last = id;
		if (one === 0) this.one = id;
		else {
			this.one = -1;
			values[this.count++] = id;
		}
		return id;
	}

	private remove(id: number): void {
		const values = this.values;
		const index = values.indexOf(id);
		if (this.one >= 0 || index < 0 || id === 0) return;
		// The list keeps its length, for to shorten it and grow again makes garbage: 0 is no identifier.
		const count = --this.count;
		values[index] = values[count] as number;
		values[count] = 0;
		if (count === 0) this.one = 0;
	}
}
