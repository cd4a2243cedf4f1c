/**
 * Who may talk to the desk's HTTP server. A page on the web must not reach it: the Host header has to be an address or
 * this machine's own name (a name that was bound to 127.0.0.1 by its owner is refused), and the Origin, which an upgrade
 * must have, has to be this very server. A server that others can reach wants a token; without it they only read.
 */

import { timingSafeEqual } from "node:crypto";
import type { IncomingMessage } from "node:http";
import { isIP } from "node:net";
import { hostname } from "node:os";

export interface Guard {
	readonly port: number;
	/** Absent where only this machine reaches the server. */
	readonly token?: string;
}

/** An HTTP status that refuses, or what is allowed. */
export type Verdict = { readonly status: number; readonly reason: string } | { readonly write: boolean };

const METHODS: readonly string[] = ["GET", "HEAD"];

export function judge(request: IncomingMessage, { port, token }: Guard, upgrade: boolean): Verdict {
	const { host, origin } = request.headers;
	if (!METHODS.includes(request.method ?? "")) return { status: 405, reason: "only GET" };
	if (host === undefined || !isOwn(host, port)) return { status: 421, reason: "unknown Host" };
	if (upgrade && origin === undefined) return { status: 403, reason: "an Origin is required" };
	if (origin !== undefined && origin !== `http://${host}`) return { status: 403, reason: "another Origin" };
	return { write: token === undefined || same(tokenOf(request), token) };
}

/** `address:port`, `localhost:port` or this machine's name; port 80 may be left out. */
function isOwn(host: string, port: number): boolean {
	const found = /^(\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(\d{1,5}))?$/i.exec(host);
	if (!found || Number(found[2] ?? 80) !== port) return false;
	const name = (found[1] as string).toLowerCase();
	const own = hostname().toLowerCase();
	return (
		name === "localhost" ||
		name === own ||
		name === `${own}.local` ||
		isIP(name.startsWith("[") ? name.slice(1, -1) : name) > 0
	);
}

function tokenOf(request: IncomingMessage): string {
	return new URL(request.url ?? "/", "http://desk").searchParams.get("token") ?? "";
}

function same(given: string, token: string): boolean {
	const [a, b] = [Buffer.from(given), Buffer.from(token)];
	return a.byteLength === b.byteLength && timingSafeEqual(a, b);
}
