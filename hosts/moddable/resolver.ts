/**
 * ECMA-419 §18, Domain Name Resolver, over the SDK's `System.resolve`, which asks whom the network (DHCP) or the
 * operating system names. IPv4 only, as the SDK's sockets. What cannot be cancelled there is not reported after `close`.
 */

import "system"; // makes globalThis.System
import Timer from "timer";
import type { Resolver as ResolverPattern } from "../../modules/mqtt/io.js";

type Answer = (error: Error | null, address?: string, host?: string) => void;

interface System {
	resolve(name: string, callback: (name: string, address?: string) => void): void;
}
/** What the SDK's NTP client calls: callbacks in the options. */
interface Inquiry {
	readonly host: string;
	readonly onResolved?: (host: string, address: string) => void;
	readonly onError?: (host: string) => void;
}

export class Resolver implements ResolverPattern {
	private closed = false;

	resolve({ host }: { readonly host: string }, callback: Answer): void {
		if (this.closed) throw new Error("resolver: closed");
		if (typeof host !== "string" || host === "") throw new TypeError("resolver: expected a host");
		if (typeof callback !== "function") throw new TypeError("resolver: expected a callback");
		const answer = (address?: string) => {
			if (this.closed) return;
			if (address) callback(null, address, host);
			else callback(new Error(`${host}: no address found`));
		};
		const known = host === "localhost" ? "127.0.0.1" : host;
		if (isAddress(known)) Timer.set(() => answer(known));
		else
			(globalThis as unknown as { System: System }).System.resolve(host, (_name, address) => answer(address));
	}
	close(): void {
		this.closed = true;
	}
}

export class NTPResolver extends Resolver {
	override resolve({ host, onResolved, onError }: Inquiry): void {
		super.resolve({ host }, (_error, address) => {
			if (address) onResolved?.(host, address);
			else onError?.(host);
		});
	}
}

/** Four decimal numbers: what needs no server. */
const isAddress = (host: string): boolean => {
	const parts = host.split(".");
	return parts.length === 4 && parts.every(part => part !== "" && Number(part) >= 0 && Number(part) <= 255);
};
