/**
 * `ssl/session` in the place of the SDK's own (8.2.3), which is below: the one gate for what comes from the network. The SDK
 * reads some of it out of a timer of its own, where an exception would end the virtual machine: here it ends the connection,
 * by `options.thrown`. And what comes before the server has proved itself is refused as data: the SDK keeps it, and
 * hands it on as the server's once the handshake is done.
 */

/// <reference path="./sdk.d.ts" />

import { refusal } from "hosts/moddable/refusal";
import SDK, { type Socket } from "sdk/session";

export default class Session extends SDK {
	declare private over: boolean;

	override handshake(socket: Socket): boolean {
		if (this.over) return false;
		try {
			return super.handshake(socket);
		} catch (error) {
			this.end(error);
			return false;
		}
	}
	override read(socket: Socket): Uint8Array | null | undefined {
		if (this.over) return undefined;
		try {
			return super.read(socket);
		} catch (error) {
			this.end(error);
			return undefined;
		}
	}
	override putData(data: Uint8Array): void {
		const progress = this.options.progress;
		if (progress && !progress.secured) throw refusal("tls-failed", "data came before the handshake was done");
		super.putData(data);
	}

	private end(error: unknown): void {
		this.over = true;
		const thrown = this.options.thrown;
		if (!thrown) throw error;
		thrown(error);
	}
}
