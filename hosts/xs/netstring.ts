/**
 * Netstrings (`5:hello,`), the framing that xsnap's worker speaks on its two pipes.
 * Takes bytes in any portions and hands out whole messages; knows nothing of what they mean.
 */

const COLON = 0x3a;
const COMMA = 0x2c;
const ZERO = 0x30;
/** The worker itself reads at most nine digits. */
const DIGITS = 9;

/** One message on the wire: `prefix` is its first byte, the command. */
export function pack(prefix: string, body: Uint8Array): Buffer {
	const head = Buffer.from(`${body.byteLength + 1}:${prefix}`, "latin1");
	return Buffer.concat([head, body, Buffer.from(",")]);
}

export class Netstrings {
	#held: Buffer = Buffer.alloc(0);
	readonly #onMessage: (message: Buffer) => void;

	/** `onMessage` gets each message in a view that is valid for as long as it is kept. */
	constructor(onMessage: (message: Buffer) => void) {
		this.#onMessage = onMessage;
	}

	/** Throws where the stream is no netstring; what came before was delivered. */
	push(chunk: Buffer): void {
		this.#held = this.#held.byteLength ? Buffer.concat([this.#held, chunk]) : chunk;
		for (;;) {
			const held = this.#held;
			const colon = held.indexOf(COLON);
			const head = colon < 0 ? held.byteLength : colon;
			if (head > DIGITS || colon === 0) throw new Error("netstring: no length");
			let length = 0;
			for (let i = 0; i < head; i++) {
				const digit = (held[i] as number) - ZERO;
				if (digit < 0 || digit > 9) throw new Error("netstring: length is not a number");
				length = length * 10 + digit;
			}
			if (colon < 0 || held.byteLength < colon + length + 2) return;
			const end = colon + 1 + length;
			if (held[end] !== COMMA) throw new Error("netstring: no comma at the end");
			this.#held = held.subarray(end + 1);
			this.#onMessage(held.subarray(colon + 1, end));
		}
	}
}
