/** How bytes leave through the TCP class of hosts/node: all of a turn in one write of Node's socket, after `onLeave`. */

import assert from "node:assert/strict";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { TCP } from "../../hosts/node/tcp.js";

class Fake extends Duplex {
	readonly writes: string[] = [];
	override _read() {}
	override _write(chunk: Buffer, _: string, callback: () => void) {
		this.writes.push(chunk.toString());
		callback();
	}
	/** As Node's sockets have it. */
	destroySoon() {
		this.end(() => this.destroy());
	}
}
const turn = () => new Promise(resolve => setImmediate(resolve));
const bytes = (text: string) => new TextEncoder().encode(text);

async function opened(onLeave?: () => void) {
	const socket = new Fake();
	const errors: unknown[] = [];
	const options = {
		address: "127.0.0.1",
		port: 1,
		onError: (error: unknown) => errors.push(error),
		...(onLeave && { onLeave }),
	};
	const tcp = new TCP(options as ConstructorParameters<typeof TCP>[0], () => ({
		socket: socket as unknown as Socket,
		event: "connect",
	}));
	socket.emit("connect");
	await turn();
	return { tcp, socket, errors };
}

describe("hosts/node: bytes that leave", () => {
	it("are those of a turn in one write, in their order", async () => {
		const { tcp, socket } = await opened();
		tcp.write(bytes("one "));
		tcp.write(bytes("two "), { more: true, byteLength: 7 });
		tcp.write(bytes("..."));
		assert.deepEqual(socket.writes, []);
		await turn();
		tcp.write(bytes("three"));
		await turn();
		assert.deepEqual(socket.writes, ["one two ...", "three"]);
		tcp.close();
	});
	it("leave when the connection is closed in the same turn", async () => {
		const { tcp, socket } = await opened();
		tcp.write(bytes("goodbye"));
		tcp.close();
		assert.deepEqual(socket.writes, ["goodbye"]);
	});
	it("wait for `onLeave`, and do not leave when it throws: the connection has failed then", async () => {
		let failing = false;
		const seen: string[][] = [];
		const { tcp, socket, errors } = await opened(() => {
			seen.push([...socket.writes]);
			if (failing) throw new Error("the disk is full");
		});
		tcp.write(bytes("one"));
		await turn();
		failing = true;
		tcp.write(bytes("two"));
		await turn();
		await turn();
		assert.deepEqual(seen, [[], ["one"]]);
		assert.deepEqual(socket.writes, ["one"]);
		assert.deepEqual(
			errors.map(error => [(error as { code: string }).code, (error as Error).cause]),
			[["closed", new Error("the disk is full")]],
		);
		tcp.close();
	});
});
