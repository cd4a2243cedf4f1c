/**
 * Applies the conformance suites (test/hosts) to what the page gives the MQTT client in place of a host: timer, and ECMA-419's
 * TCP class made of a WebSocket. They run in the browser; each WebSocket is joined to a server of the suites' world.
 */

import { once } from "node:events";
import { createServer, type Server } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { type WebSocket, WebSocketServer } from "ws";
import { suites } from "../hosts/all.js";
import type { Outcome } from "../hosts/suite.js";
import { openWorld } from "../hosts/world.js";
import { closeBrowser, missing, type Opened, open } from "./browser.js";

/** Bytes that may wait for the page. */
const AHEAD = 1 << 16;

const applied = ["timer", "TCP socket", "MQTT client defaults"];

/** What the class leaves out, by the case that asks for it. */
const absent: readonly (readonly [title: RegExp, reason: string])[] = [
	[
		/given (no|an|a) (negative )?(address|port)/,
		"address and port are not looked at: the desk knows one broker",
	],
	[/^in format `number`/, "the MQTT client reads and writes buffers"],
	[/^a reader that does not read is sent a bounded amount/, "a WebSocket cannot be told to wait"],
	[/^a refused connection is reported/, "the desk takes the WebSocket before it has reached the broker"],
];
/** Behind two sockets and a browser. */
const stallLength = 64 << 20;

/** Bytes between a WebSocket and a port of this machine, and neither reads ahead of the other. */
function join(page: WebSocket, port: number): void {
	const socket = connect({ port, host: "127.0.0.1", noDelay: true });
	socket.on("data", bytes => {
		page.send(bytes, () => page.bufferedAmount <= AHEAD && socket.resume());
		if (page.bufferedAmount > AHEAD) socket.pause();
	});
	socket.on("error", () => {});
	socket.on("close", () => page.close(4001, "closed"));
	page.on("message", (bytes: Buffer) => {
		if (socket.write(bytes) || page.isPaused) return;
		page.pause();
		socket.once("drain", () => page.resume());
	});
	page.on("close", () => socket.end());
}

async function serve(): Promise<{ server: Server; url: string }> {
	const { outputFiles } = await build({
		entryPoints: [fileURLToPath(new URL("provider.ts", import.meta.url))],
		bundle: true,
		write: false,
		format: "iife",
		target: "es2022",
	});
	const script = outputFiles[0]?.text;
	const server = createServer((request, response) => {
		const [type, text] =
			request.url === "/page.js"
				? ["text/javascript", script]
				: ["text/html", '<!doctype html><link rel="icon" href="data:,"><script src="/page.js"></script>'];
		response.setHeader("content-type", type as string).end(text);
	});
	const sockets = new WebSocketServer({ server });
	sockets.on("connection", (page, { url }) => join(page, Number(url?.slice("/tcp/".length))));
	server.listen(0, "127.0.0.1");
	await once(server, "listening");
	return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

describe(`host browser: ECMA-419 conformance${missing ? ` – pending: ${missing}` : ""}`, () => {
	let world: Awaited<ReturnType<typeof openWorld>>;
	let server: Server | undefined;
	let opened: Opened | undefined;
	before(async function () {
		if (missing) this.skip();
		world = await openWorld();
		const served = await serve();
		server = served.server;
		opened = await open(served.url);
		await opened.tab.waitForFunction("globalThis.conform");
	});
	after(async () => {
		await closeBrowser();
		server?.close();
		server?.closeAllConnections();
		await world?.close();
	});

	suites.forEach((suite, s) => {
		if (!applied.includes(suite.title)) return;
		describe(suite.title, () => {
			suite.cases.forEach((item, index) => {
				it(item.title, async function () {
					const without = absent.find(([title]) => title.test(item.title));
					const { close: _, ...servers } = world;
					const addresses = { ...servers, stallLength };
					const outcome: Outcome = without
						? { status: "skipped", reason: without[1] }
						: ((await opened?.tab.evaluate(
								`conform(${s}, ${index}, ${JSON.stringify(addresses)})`,
							)) as Outcome);
					if (outcome.status === "skipped") {
						this.runnable().title += ` (skipped: ${outcome.reason})`;
						this.skip();
					}
					if (outcome.status === "failed") throw new Error(outcome.reason);
				});
			});
		});
	});
});
