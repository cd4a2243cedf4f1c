/**
 * ECMA-419 §18 over a resolver of either dialect: asks in the standard's way, with a callback, and in that of the
 * SDK's `embedded:network/dns/resolver/udp`, with callbacks in the options. Each looks at its own and leaves the other.
 */

import type { Resolver as ResolverPattern, With } from "../../../modules/mqtt/io.js";

type Answer = (error: Error | null, address?: string, host?: string) => void;

interface Inquiry {
	readonly host: string;
	readonly onResolved: (host: string, address: string) => void;
	readonly onError: () => void;
}

interface Either {
	resolve(options: Inquiry, callback: Answer): void;
	close(): void;
}

export class Resolver implements ResolverPattern {
	readonly #resolver: Either;

	constructor({ dns }: { readonly dns: With<new (options: object) => Either> }) {
		this.#resolver = new dns.io(dns);
	}
	resolve({ host }: { readonly host: string }, callback: Answer): void {
		const inquiry: Inquiry = {
			host,
			onResolved: (_host, address) => callback(null, address, host),
			onError: () => callback(new Error(`${host}: no address found`)),
		};
		this.#resolver.resolve(inquiry, callback);
	}
	close(): void {
		this.#resolver.close();
	}
}
