/**
 * The loopback servers of the conformance suites (suite.ts, `World`), on free ports of 127.0.0.1. What they do is
 * asked for in band, so that a case needs nothing but addresses.
 */

import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import type { Endpoint, World } from "./suite.js";

const floodLength = 1024 * 1024;

export async function openWorld(loop?: World["loop"]): Promise<World & { close(): Promise<void> }> {
	const servers: Server[] = [];
	const sockets = new Set<Socket>();
	const stalled = new Set<Socket>();

	async function serve(behaviour: (socket: Socket) => void): Promise<Endpoint> {
		const server = createServer({ noDelay: true }, socket => {
			sockets.add(socket);
			socket.on("close", () => sockets.delete(socket)).on("error", () => {});
			behaviour(socket);
		});
		servers.push(server);
		await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
		return { address: "127.0.0.1", port: (server.address() as AddressInfo).port };
	}

	const refused = await serve(() => {});
	await new Promise(resolve => servers.pop()?.close(resolve));

	return {
		echo: await serve(socket => socket.pipe(socket)),
		segments: await serve(socket => socket.on("data", data => socket.write(`${data.length}\n`))),
		flood: await serve(socket => {
			socket.resume().end(Uint8Array.from({ length: floodLength }, (_, i) => (i * 7) & 255));
		}),
		floodLength,
		stall: await serve(socket => {
			stalled.add(socket.pause());
			socket.on("close", () => stalled.delete(socket));
		}),
		release: await serve(socket => {
			for (const other of stalled) count(other);
			stalled.clear();
			socket.end();
		}),
		ledger: await serve(pairs()),
		farewell: await serve(socket => socket.resume().end("bye")),
		reset: await serve(socket => socket.once("data", () => socket.resetAndDestroy())),
		refused,
		name: "localhost",
		unknownName: "nobody.invalid",
		...(loop ? { loop } : undefined),
		async close() {
			for (const socket of sockets) socket.destroy();
			await Promise.all(servers.map(server => new Promise(resolve => server.close(resolve))));
		},
	};
}

/** Lets a stalled connection flow, telling the total whenever it grows. */
function count(socket: Socket): void {
	let total = 0;
	socket.on("data", data => {
		total += data.length;
		socket.write(`${total}\n`);
	});
	socket.resume();
}

/** The behaviour of `ledger`. */
function pairs(): (socket: Socket) => void {
	let said: Promise<string> | undefined;
	return socket => {
		if (said) {
			said.then(text => socket.end(`${text}\n`));
			said = undefined;
		} else
			said = new Promise(resolve => {
				let text = "";
				socket.on("data", data => {
					text += data;
				});
				socket.on("close", () => resolve(text));
			});
	};
}
