/** What a TCP socket has received and its user has not read yet: the pieces as Node delivered them, not copied. Has no bound of its own. */
export class Received {
	/** Bytes. */
	length = 0;
	#pieces: Uint8Array[] = [];
	/** Bytes of the first piece that are read. */
	#offset = 0;

	push(data: Uint8Array): void {
		this.#pieces.push(data);
		this.length += data.byteLength;
	}
	/** Fills `target` as far as there are bytes: how many. */
	take(target: Uint8Array): number {
		let filled = 0;
		while (filled < target.byteLength && this.length > 0) {
			const piece = this.#pieces[0] as Uint8Array;
			const part = piece.subarray(this.#offset, this.#offset + target.byteLength - filled);
			target.set(part, filled);
			filled += part.byteLength;
			this.#offset += part.byteLength;
			this.length -= part.byteLength;
			if (this.#offset === piece.byteLength) {
				this.#pieces.shift();
				this.#offset = 0;
			}
		}
		return filled;
	}
	clear(): void {
		this.#pieces = [];
		this.length = 0;
	}
}
