/**
 * The TCP socket below the SDK's TLSSocket, which throws what is wrong with a certificate out of a callback of its
 * carrier: that would end the virtual machine, and becomes an end of the connection here. After it nothing more goes up.
 */

import type { ByteBuffer, TCPOptions, TCP as TCPPattern } from "../../modules/mqtt/io.js";
import { refusal } from "./refusal.js";
import { TCP } from "./tcp.js";

export interface CarrierOptions extends TCPOptions {
	/** The connection stands, and nothing has been said. What it throws ends it. */
	readonly connected?: () => void;
	/** Learns what the SDK's TLS threw; `onError` does when it is missing. */
	readonly thrown?: (error: unknown) => void;
}

export class Carrier extends TCP {
	/** The server has said something. */
	declare private begun: boolean;

	constructor(options: CarrierOptions) {
		const { onReadable, onWritable, onError, thrown } = options;
		let { connected } = options;
		let over = false;
		const guarded = (call: TCPOptions["onReadable"]) =>
			function (this: TCPPattern, bytes: number) {
				if (over) return;
				try {
					connected?.();
					connected = undefined;
					call?.call(this, bytes);
				} catch (error) {
					over = true;
					if (thrown) thrown(error);
					else onError?.call(this, error);
				}
			};
		super({
			...options,
			onReadable: guarded(onReadable),
			onWritable: guarded(onWritable),
			onError(this: TCPPattern, reason?: unknown) {
				if (over) return;
				over = true;
				onError?.call(this, reason);
			},
		});
	}

	override read(buffer: ByteBuffer): number | undefined;
	override read(byteLength?: number): ArrayBuffer | number | undefined;
	override read(option?: ByteBuffer | number): ArrayBuffer | number | undefined {
		const result = super.read(option as ByteBuffer);
		// The SDK would wait for as many bytes as any text seems to announce.
		if (!this.begun && option instanceof Uint8Array && result !== undefined) {
			this.begun = true;
			if (option[0] !== ALERT && option[0] !== HANDSHAKE)
				throw refusal("tls-plain", "the server does not speak TLS");
		}
		return result;
	}
}

/** What a server may begin with (RFC 5246 §6.2.1). */
const ALERT = 21;
const HANDSHAKE = 22;
