/**
 * A board's line to its broker with a fault in it: cut, or slow in both directions. Between the board and its host's TCP
 * class (ECMA-419 §10), so it works on either engine, with TLS and with any broker.
 */

import type { Device } from "../../modules/device/io.js";
import type { ByteBuffer, TCP, TCPClass, TCPOptions, TCPWriteOptions } from "../../modules/mqtt/io.js";
import { onSockets } from "./tap.js";

interface Line {
	cut(): void;
}

export class LinkFault {
	readonly #lines = new Set<Line>();
	#cut = false;
	/** Milliseconds that each byte takes longer, each way. */
	delay = 0;

	get cut(): boolean {
		return this.#cut;
	}
	/** Connections end, and none is made. */
	set cut(cut: boolean) {
		this.#cut = cut;
		if (cut) for (const line of [...this.#lines]) line.cut();
	}

	/** `device` with this fault in its connections. */
	in(device: Device): Device {
		return onSockets(device, io => this.#class(io));
	}

	#class(Base: TCPClass): TCPClass {
		const fault = this;
		const lines = this.#lines;
		return class extends (Base as new (options: TCPOptions) => TCP) implements Line {
			readonly #options: TCPOptions;
			#over = false;
			#writable = 0;
			/** Bytes that are still on their slow way. */
			#queued = 0;

			constructor(options: TCPOptions) {
				super({
					...options,
					onReadable: count => fault.#later(() => this.#over || options.onReadable?.call(this, count)),
					onWritable: count => {
						this.#writable = count;
						fault.#later(() => this.#over || options.onWritable?.call(this, this.#writable - this.#queued));
					},
					onError: reason => fault.#later(() => this.#over || options.onError?.call(this, reason)),
				});
				this.#options = options;
				lines.add(this);
				if (fault.cut) setTimeout(() => this.cut());
			}
			override write(data: ByteBuffer | number, options?: TCPWriteOptions): number {
				if (!fault.delay && !this.#queued) {
					this.#writable = super.write(data, options);
					return this.#writable;
				}
				const bytes = copy(data);
				if (bytes.byteLength > this.#writable - this.#queued) throw new Error("TCP: write does not fit");
				this.#queued += bytes.byteLength;
				fault.#later(() => {
					this.#queued -= bytes.byteLength;
					if (!this.#over) this.#writable = super.write(bytes, options);
				});
				return this.#writable - this.#queued;
			}
			override close(): void {
				this.#over = true;
				lines.delete(this);
				super.close();
			}
			cut(): void {
				if (this.#over) return;
				this.close();
				this.#options.onError?.call(this, Object.assign(new Error("the link is cut"), { code: "cut" }));
			}
		} as TCPClass;
	}

	#later(what: () => void): void {
		if (this.delay) setTimeout(what, this.delay);
		else what();
	}
}

function copy(data: ByteBuffer | number): Uint8Array {
	if (typeof data === "number") return Uint8Array.of(data);
	return ArrayBuffer.isView(data)
		? new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice()
		: new Uint8Array(data.slice(0));
}
