/**
 * The SDK's UDP socket for the SDK's resolver and NTP client, whose parsers throw on a malformed packet: an exception
 * that leaves a callback ends the virtual machine, so that one forged datagram would restart the board.
 */

import SDKUDP from "embedded:io/socket/udp";

interface Datagrams {
	readonly onReadable?: (this: object, count: number) => void;
}

export class UDP extends (SDKUDP as unknown as new (options: object) => object) {
	constructor(options: Datagrams) {
		const onReadable = options.onReadable;
		super({
			...options,
			onReadable(this: object, count: number) {
				try {
					onReadable?.call(this, count);
				} catch {
					// Not an answer; the SDK's classes ask again, and give up in time.
				}
			},
		});
	}
}
