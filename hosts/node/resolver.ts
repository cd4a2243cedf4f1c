/**
 * ECMA-419 §18, Domain Name Resolver, over the operating system's own resolver. IPv4 goes first, as boards have it.
 * `close` cancels: what was asked for is not answered.
 */

import { lookup } from "node:dns";
import { isIP } from "node:net";
import type { Resolver as ResolverPattern } from "../../modules/mqtt/io.js";
import { normal } from "./bytes.js";

type Callback = Parameters<ResolverPattern["resolve"]>[1];

/** Domain Name Resolver (ECMA-419 §18), by the operating system. IPv4 before IPv6. */
export class Resolver implements ResolverPattern {
	target: unknown;
	#closed = false;

	constructor(options: { readonly target?: unknown }) {
		if (options === null || typeof options !== "object")
			throw new TypeError("Resolver: options are required");
		this.target = options.target;
	}
	resolve(options: { readonly host: string }, callback: Callback): void {
		if (this.#closed) throw new Error("Resolver: closed");
		const host = options.host;
		if (typeof host !== "string" || host === "")
			throw new TypeError("Resolver: host must be a name or an address");
		if (typeof callback !== "function") throw new TypeError("Resolver: callback is required");
		const answer: Callback = (...results) => {
			if (!this.#closed) callback.apply(this, results);
		};
		if (isIP(host)) setImmediate(answer, null, normal(host), host);
		else
			lookup(host, { verbatim: false }, (error, address) => {
				if (error) answer(error);
				else answer(null, normal(address), host);
			});
	}
	close(): void {
		this.#closed = true;
	}
}
