/**
 * The TCP socket below the SDK's TLSSocket, which throws what is wrong with a certificate out of a callback of its
 * carrier: that would end the virtual machine, and becomes an end of the connection here.
 */

import type { TCPOptions, TCP as TCPPattern } from "../../modules/mqtt/io.js";
import { TCP } from "./tcp.js";

export interface CarrierOptions extends TCPOptions {
	/** Learns what the SDK's TLS threw; `onError` does when it is missing. */
	readonly thrown?: (error: unknown) => void;
}

export class Carrier extends TCP {
	constructor(options: CarrierOptions) {
		const { onReadable, onWritable, onError, thrown } = options;
		const guarded = (call: TCPOptions["onReadable"]) =>
			function (this: TCPPattern, bytes: number) {
				try {
					call?.call(this, bytes);
				} catch (error) {
					if (thrown) thrown(error);
					else onError?.call(this, error);
				}
			};
		super({ ...options, onReadable: guarded(onReadable), onWritable: guarded(onWritable) });
	}
}
