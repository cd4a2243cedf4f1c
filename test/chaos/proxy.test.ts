/**
 * The fault proxy does to connections what its methods say, and counts a fault only where it is felt. Between a plain
 * client and a server that sends back what it gets.
 */

import assert from "node:assert/strict";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { FaultProxy } from "./proxy.js";

/** One end of a connection, and all that has come over it. */
class End {
	readonly socket: Socket;
	text = "";
	/** The code of the error it ended with, "" for an end in order. */
	readonly ended: Promise<string>;
	#waits: (() => void)[] = [];

	constructor(socket: Socket) {
		this.socket = socket;
		let code = "";
		socket.on("error", (error: NodeJS.ErrnoException) => {
			code = error.code ?? "";
		});
		socket.on("data", data => {
			this.text += data;
			for (const wake of this.#waits.splice(0)) wake();
		});
		this.ended = new Promise(resolve => {
			socket.once("end", () => resolve(code));
			socket.once("close", () => resolve(code));
		});
	}
	async has(text: string): Promise<void> {
		while (!this.text.includes(text)) await new Promise<void>(wake => this.#waits.push(wake));
	}
}

describe("fault proxy", () => {
	let server: Server;
	let proxy: FaultProxy;
	let accepted: Promise<End>;
	let felt: number;
	const count = () => {
		felt++;
	};
	const listen = () => {
		accepted = new Promise(resolve =>
			server.once("connection", socket => {
				socket.on("data", data => socket.write(data));
				resolve(new End(socket));
			}),
		);
	};
	/** A connection that stands from end to end. */
	const open = async () => {
		listen();
		const client = new End(connect(proxy.port, "127.0.0.1"));
		client.socket.write("hello ");
		await client.has("hello ");
		return { client, broker: await accepted };
	};

	beforeEach(async () => {
		felt = 0;
		server = createServer(socket => socket.on("error", () => {})).listen(0, "127.0.0.1");
		await once(server, "listening");
		proxy = await FaultProxy.listen({ port: (server.address() as AddressInfo).port });
	});
	afterEach(async () => {
		await proxy.close();
		server.close();
	});

	it("passes what either end sends, and the end of it", async () => {
		const { client, broker } = await open();
		client.socket.end("bye");
		await broker.has("hello bye");
		await client.has("hello bye");
		assert.equal(await client.ended, "");
	});

	it("resets both ends, and feels nothing where there is no connection", async () => {
		proxy.reset(count);
		assert.equal(felt, 0);
		const { client, broker } = await open();
		proxy.reset(count);
		assert.deepEqual(await Promise.all([client.ended, broker.ended]), ["ECONNRESET", "ECONNRESET"]);
		assert.equal(felt, 1);
	});

	it("closes both ends in order", async () => {
		const { client, broker } = await open();
		proxy.finish(count);
		assert.deepEqual(await Promise.all([client.ended, broker.ended]), ["", ""]);
		assert.equal(felt, 1);
	});

	for (const direction of ["up", "down"] as const)
		for (const after of [0, 1, 3])
			it(`cuts a connection after ${after} bytes ${direction}, which arrive`, async () => {
				const { client, broker } = await open();
				proxy.cut(direction, after, count);
				client.socket.write("0123456789");
				await Promise.all([client.ended, broker.ended]);
				const other = direction === "up" ? broker : client;
				assert.equal(other.text, `hello ${"0123456789".slice(0, after)}`);
				assert.equal(felt, 1);
			});

	it("cuts the next connection when there is none, once", async () => {
		proxy.cut("up", 3, count);
		listen();
		const first = new End(connect(proxy.port, "127.0.0.1"));
		first.socket.write("0123456789");
		await first.ended;
		const broker = await accepted;
		await broker.ended;
		assert.equal(broker.text, "012");
		assert.equal(felt, 1);
		await open();
	});

	it("leaves one end believing in a connection that the other has lost", async () => {
		const { client, broker } = await open();
		proxy.halfOpen("up", count);
		assert.equal(await client.ended, "ECONNRESET");
		assert.equal(broker.socket.destroyed, false);
		assert.equal(proxy.connections, 0);
		assert.equal(felt, 1);
	});

	it("swallows what is sent into a black hole, and new connections, until it is calm", async () => {
		const { client, broker } = await open();
		proxy.blackhole(60_000, count);
		client.socket.write("lost");
		const second = new End(connect(proxy.port, "127.0.0.1"));
		await once(second.socket, "connect");
		second.socket.write("lost");
		assert.equal(felt, 1);
		proxy.calm();
		await Promise.all([client.ended, broker.ended, second.ended]);
		assert.deepEqual([broker.text, client.text, second.text], ["hello ", "hello ", ""]);
		await open();
	});

	for (const after of [0, 4])
		it(`lets ${after} bytes down and no more, while bytes go up, on connections that stand and on new ones, until it is calm`, async () => {
			const { client, broker } = await open();
			proxy.mute(60_000, after, count);
			client.socket.write("heard");
			await broker.has("hello heard");
			await client.has(`hello ${"heard".slice(0, after)}`);
			assert.equal(felt, 1);
			assert.equal(proxy.connections, 0);
			const second = new End(connect(proxy.port, "127.0.0.1"));
			await once(second.socket, "connect");
			proxy.calm();
			await Promise.all([client.ended, broker.ended, second.ended]);
			assert.equal(client.text, `hello ${"heard".slice(0, after)}`);
			assert.equal(second.text, "");
			await open();
		});

	it("refuses connections, feels the first one, and is open again when it is calm", async () => {
		proxy.refuse(60_000, count);
		assert.equal(felt, 0);
		for (let tries = 0; tries < 2; tries++)
			assert.equal(await new End(connect(proxy.port, "127.0.0.1")).ended, "ECONNRESET");
		assert.equal(felt, 1);
		proxy.calm();
		await open();
	});

	it("slows bytes down and keeps their order", async () => {
		const { client, broker } = await open();
		proxy.throttle("up", 1000, 60_000, count);
		proxy.delay("down", 20, 60_000, count);
		for (const word of ["one ", "two ", "three"]) client.socket.write(word);
		await client.has("hello one two three");
		assert.equal(broker.text, "hello one two three");
		assert.equal(felt, 2);
	});

	it("refuses every connection while it is closed", async () => {
		proxy.open = false;
		assert.equal(await new End(connect(proxy.port, "127.0.0.1")).ended, "ECONNRESET");
		proxy.open = true;
		await open();
	});
});
