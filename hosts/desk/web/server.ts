/**
 * The desk's HTTP server: the page's files, and two WebSockets. `/mqtt` leads to the broker (bridge.ts); `/desk` tells
 * what only the desk knows (channel.ts). guard.ts says who may; nothing else is served, and nothing is written.
 */

import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Duplex } from "node:stream";
import { type WebSocket, WebSocketServer } from "ws";
import { listen, reachable } from "../listen.js";
import { page } from "./bundle.js";
import { type Guard, judge, type Verdict } from "./guard.js";

export interface PageOptions {
	readonly host: string;
	readonly port: number;
	/** How many ports to try, upwards from `port`. */
	readonly attempts?: number;
	readonly token?: string;
	/** A client of the page's, to be joined to the broker; without `write` it may only listen. */
	readonly onMQTT: (socket: WebSocket, write: boolean) => void;
	/** A page that wants to know what the desk knows. */
	readonly onDesk: (socket: WebSocket, write: boolean) => void;
}

export interface Page {
	readonly url: string;
	readonly port: number;
	close(): Promise<void>;
}

/** Bytes in one WebSocket message; the page's TCP class writes smaller ones. */
const LONGEST = 1 << 20;
/** WebSockets at a time. */
const MOST = 100;

/** Rejects with the system's error when no port is free. */
export async function servePage(options: PageOptions): Promise<Page> {
	const { host, port, attempts = 100, token } = options;
	const server = createServer({ headersTimeout: 10_000, requestTimeout: 10_000 });
	await listen(server, host, port, attempts);
	const bound = (server.address() as AddressInfo).port;
	const guard: Guard = { port: bound, ...(token && { token }) };
	const sockets = new WebSocketServer({
		noServer: true,
		maxPayload: LONGEST,
		perMessageDeflate: false,
		handleProtocols: offered => (offered.has("mqtt") ? "mqtt" : false),
	});
	server.on("request", (request, response) => void serve(request, response, judge(request, guard, false)));
	server.on("upgrade", (request: IncomingMessage, socket: Duplex, head: Buffer) => {
		socket.on("error", () => socket.destroy());
		const verdict = judge(request, guard, true);
		const path = pathOf(request);
		if ("status" in verdict) refuse(socket, verdict.status);
		else if (path !== "/mqtt" && path !== "/desk") refuse(socket, 404);
		else if (sockets.clients.size >= MOST) refuse(socket, 503);
		else
			sockets.handleUpgrade(request, socket, head, client => {
				client.on("error", () => client.terminate());
				if (path === "/mqtt") options.onMQTT(client, verdict.write);
				else options.onDesk(client, verdict.write);
			});
	});
	return {
		port: bound,
		url: `http://${reachable(host)}:${bound}/${token ? `?token=${token}` : ""}`,
		async close() {
			const closed = once(server, "close");
			for (const client of sockets.clients) client.terminate();
			server.close();
			server.closeAllConnections();
			await closed;
		},
	};
}

async function serve(request: IncomingMessage, response: ServerResponse, verdict: Verdict): Promise<void> {
	const { host = "" } = request.headers;
	for (const [name, value] of Object.entries(headers("status" in verdict ? "" : host)))
		response.setHeader(name, value);
	const answer = (status: number, text: string) =>
		response.writeHead(status, { "Content-Type": "text/plain; charset=utf-8" }).end(`${text}\n`);
	if ("status" in verdict) return void answer(verdict.status, verdict.reason);
	try {
		const file = (await page()).files.get(pathOf(request));
		if (!file) return void answer(404, "not here");
		const gzip = /\bgzip\b/.test(String(request.headers["accept-encoding"]));
		const bytes = gzip ? file.gzip : file.bytes;
		if (gzip) response.setHeader("Content-Encoding", "gzip");
		response.writeHead(200, { "Content-Type": file.type, "Content-Length": bytes.byteLength });
		response.end(request.method === "HEAD" ? undefined : bytes);
	} catch (error) {
		answer(500, (error as Error).message);
	}
}

function headers(host: string): { readonly [name: string]: string } {
	// `'self'` covers WebSockets in today's browsers; older ones want them named.
	const connect = host ? `'self' ws://${host}` : "'self'";
	return {
		"Content-Security-Policy": [
			"default-src 'none'",
			"script-src 'self'",
			"style-src 'self'",
			"img-src 'self'",
			`connect-src ${connect}`,
			"base-uri 'none'",
			"form-action 'none'",
			"frame-ancestors 'none'",
			"require-trusted-types-for 'script'",
			"trusted-types 'none'",
		].join("; "),
		"Cache-Control": "no-cache",
		"Cross-Origin-Opener-Policy": "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Referrer-Policy": "no-referrer",
		"X-Content-Type-Options": "nosniff",
		Vary: "Accept-Encoding",
	};
}

function refuse(socket: Duplex, status: number): void {
	socket.end(`HTTP/1.1 ${status} Refused\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

function pathOf({ url = "/" }: IncomingMessage): string {
	const end = url.indexOf("?");
	return end < 0 ? url : url.slice(0, end);
}
