/**
 * ECMA-419 §18, Domain Name Resolver, over the SDK's, which takes its callbacks in the options. Addresses need no
 * server; names that end in `.local` are asked for by multicast. IPv4 only, as the SDK's.
 */

import SDKResolver from "embedded:network/dns/resolver/udp";
import type { Resolver as ResolverPattern } from "../../modules/mqtt/io.js";

type Answer = (error: Error | null, address?: string, host?: string) => void;
interface SDKResolving {
	resolve(options: object): void;
	close(): void;
}

export class Resolver implements ResolverPattern {
	#resolver: SDKResolving | undefined;

	constructor(options: object) {
		this.#resolver = new (SDKResolver as unknown as new (options: object) => SDKResolving)(options);
	}
	resolve({ host }: { readonly host: string }, callback: Answer): void {
		if (!this.#resolver) throw new Error("resolver: closed");
		this.#resolver.resolve({
			host,
			onResolved: (_name: string, address: string) => {
				if (this.#resolver) callback(null, address, host);
			},
			onError: () => {
				if (this.#resolver) callback(new Error(`${host}: no address found`));
			},
		});
	}
	close(): void {
		const resolver = this.#resolver;
		this.#resolver = undefined;
		resolver?.close();
	}
}
