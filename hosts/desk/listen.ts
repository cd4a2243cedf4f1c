/** A server's address: the next free port from the one that is wanted, and the address to call it at. */

import { once } from "node:events";
import type { Server } from "node:net";

/**
 * @param attempts Ports that are tried, from `port` on; port 0 is any free one
 */
export async function listen(server: Server, host: string, port: number, attempts: number): Promise<void> {
	for (let attempt = 0; ; ++attempt) {
		server.listen({ host, port: port + attempt });
		try {
			await once(server, "listening");
			return;
		} catch (error) {
			const taken = (error as NodeJS.ErrnoException).code === "EADDRINUSE";
			if (!taken || port === 0 || attempt + 1 >= attempts || port + attempt >= 65535) throw error;
		}
	}
}

/** "Every address" is one to listen on, not one to call. */
export function reachable(host: string): string {
	if (host === "0.0.0.0") return "127.0.0.1";
	if (host === "::") return "[::1]";
	return host.includes(":") ? `[${host}]` : host;
}
