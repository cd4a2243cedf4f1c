/**
 * Which message makes the broker end our connections (field-notes §2, line 8). The oldest in flight is under
 * suspicion when the broker ends a connection; three such connections in a row convict it. An innocent must not be
 * put aside on a bad network, for it would be lost: a connection that ends in another way, or without the suspect on
 * it, clears it, and the third has to prove itself before the suspect is sent, alone. Acts on nothing itself.
 */

const enough = 3;
/** Milliseconds that a connection has to stand before a suspect is sent on it. */
export const proof = 5000;

export class Suspicion {
	/** The message's sequence; 0 is nobody. */
	#suspect = 0;
	#strikes = 0;

	/** The suspect is to be sent with nothing else in flight. */
	get isolating(): boolean {
		return this.#strikes === enough - 1;
	}
	/** A connection ended with this message in flight, 0 for none. True when that convicts it. */
	struck(sequence: number): boolean {
		if (sequence !== this.#suspect) this.#strikes = 0;
		this.#suspect = sequence;
		if (sequence === 0 || ++this.#strikes < enough) return false;
		this.clear();
		return true;
	}
	/** The broker has taken this message after all. */
	acknowledged(sequence: number): void {
		if (sequence === this.#suspect) this.clear();
	}
	clear(): void {
		this.#suspect = this.#strikes = 0;
	}
}
