/**
 * Who may reach the desk's server, and what it says of itself: requests as a hostile page, a rebound name and a stranger
 * on the network would make them.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import WebSocket from "ws";
import { openDesk, type TestDesk } from "./desk.js";

function ask(port: number, headers: { readonly [name: string]: string }, path = "/", method = "GET") {
	return new Promise<IncomingMessage>((resolve, reject) => {
		request({ host: "127.0.0.1", port, path, method, headers, setHost: false }, response => {
			response.resume();
			resolve(response);
		})
			.on("error", reject)
			.end();
	});
}

/** The status of a refused upgrade, or 101. */
async function upgrade(
	url: string,
	headers: { readonly [name: string]: string },
	protocol = "mqtt",
): Promise<number> {
	const socket = new WebSocket(url, protocol, { headers });
	const status = new Promise<number>(resolve => {
		socket.on("unexpected-response", (_request, response) => resolve(response.statusCode ?? 0));
		socket.on("open", () => resolve(101));
	});
	socket.on("error", () => {});
	const found = await status;
	socket.terminate();
	return found;
}

describe("the desk's server", () => {
	let desk: TestDesk;
	let port: number;
	before(async () => {
		desk = await openDesk();
		port = desk.page.port;
	});
	after(() => desk.close());

	const hosts: [host: string | undefined, status: number][] = [
		["127.0.0.1", 200],
		["localhost", 200],
		["[::1]", 200],
		["evil.example", 421],
		["127.0.0.1.evil.example", 421],
		["localhost.evil.example", 421],
		[undefined, 400],
	];
	for (const [host, status] of hosts)
		it(`answers ${status} to a request for the host ${host}`, async () => {
			const headers: { [name: string]: string } = host ? { Host: `${host}:${port}` } : {};
			assert.equal((await ask(port, headers)).statusCode, status);
		});

	it("answers 421 to a request for another port, as a tunnel would make it", async () => {
		assert.equal((await ask(port, { Host: "127.0.0.1:1" })).statusCode, 421);
	});

	it("refuses a request with another page's Origin, and every method that could change something", async () => {
		const own = { Host: `127.0.0.1:${port}` };
		assert.equal((await ask(port, { ...own, Origin: "http://evil.example" })).statusCode, 403);
		assert.equal((await ask(port, { ...own, Origin: "null" })).statusCode, 403);
		for (const method of ["POST", "PUT", "DELETE", "OPTIONS"])
			assert.equal((await ask(port, own, "/", method)).statusCode, 405, method);
	});

	it("serves four files, and nothing else under any path", async () => {
		const own = { Host: `127.0.0.1:${port}` };
		for (const path of ["/", "/page.js", "/page.css", "/icon.svg", "/?token=x"])
			assert.equal((await ask(port, own, path)).statusCode, 200, path);
		for (const path of ["/main.tsx", "/../package.json", "/%2e%2e/package.json", "//etc/passwd", "/page.js/"])
			assert.equal((await ask(port, own, path)).statusCode, 404, path);
	});

	it("lets the page run its own scripts and styles only, talk to this desk only, and be framed by none", async () => {
		const { headers } = await ask(port, { Host: `127.0.0.1:${port}` });
		const policy = String(headers["content-security-policy"]);
		for (const part of [
			"default-src 'none'",
			"script-src 'self'",
			"style-src 'self'",
			`connect-src 'self' ws://127.0.0.1:${port}`,
			"frame-ancestors 'none'",
			"require-trusted-types-for 'script'",
		])
			assert.ok(policy.split("; ").includes(part), `${part} in ${policy}`);
		assert.doesNotMatch(policy, /unsafe/);
		assert.equal(headers["x-content-type-options"], "nosniff");
	});

	const origins: [origin: string | undefined, host: string, status: number][] = [
		["http://127.0.0.1:PORT", "127.0.0.1:PORT", 101],
		["http://localhost:PORT", "localhost:PORT", 101],
		["http://evil.example", "127.0.0.1:PORT", 403],
		["http://localhost:PORT", "127.0.0.1:PORT", 403],
		["http://127.0.0.1:1", "127.0.0.1:PORT", 403],
		["http://evil.example:PORT", "evil.example:PORT", 421],
		["null", "127.0.0.1:PORT", 403],
		[undefined, "127.0.0.1:PORT", 403],
	];
	for (const path of ["mqtt", "desk"])
		for (const [origin, host, status] of origins)
			it(`answers ${status} to an upgrade on /${path} from ${origin} for ${host}`, async () => {
				const place = (text: string) => text.replace("PORT", String(port));
				const headers = { Host: place(host), ...(origin && { Origin: place(origin) }) };
				assert.equal(await upgrade(`ws://127.0.0.1:${port}/${path}`, headers), status);
			});

	it("answers 404 to an upgrade elsewhere", async () => {
		const headers = { Host: `127.0.0.1:${port}`, Origin: `http://127.0.0.1:${port}` };
		assert.equal(await upgrade(`ws://127.0.0.1:${port}/`, headers), 404);
	});

	it("takes the next free port when its own is taken", async () => {
		const { servePage } = await import("../../hosts/desk/web/server.js");
		const nothing = () => {};
		const other = await servePage({ host: "127.0.0.1", port, onMQTT: nothing, onDesk: nothing });
		assert.notEqual(other.port, port);
		await other.close();
	});
});

describe("a desk's server that others can reach", () => {
	it("has a token in its address; with it a page may write, without it or with a wrong one it may not", async () => {
		const desk = await openDesk("0.0.0.0");
		try {
			const token = new URL(desk.page.url).searchParams.get("token") as string;
			assert.ok(token.length >= 20);
			const write = async (query: string) => {
				const origin = `http://127.0.0.1:${desk.page.port}`;
				const socket = new WebSocket(`${origin.replace("http", "ws")}/desk${query}`, { origin });
				const [data] = (await once(socket, "message")) as [Buffer];
				socket.terminate();
				return JSON.parse(data.toString()).write;
			};
			assert.equal(await write(`?token=${token}`), true);
			assert.equal(await write(""), false);
			assert.equal(await write(`?token=${token.slice(1)}x`), false);
		} finally {
			await desk.close();
		}
	});
});
