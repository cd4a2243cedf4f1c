/** Which broker the desk uses (hosts/desk/choice.ts): one that is there already, one of its own, and what it says of either. */

import assert from "node:assert/strict";
import { createServer, type Server } from "node:net";
import { connectAsync } from "mqtt";
import { type Broker, startBroker } from "../../hosts/desk/broker.js";
import { chooseBroker } from "../../hosts/desk/choice.js";
import type { Options } from "../../hosts/desk/options.js";
import { freePort } from "./brokers.js";

describe("the desk's broker", () => {
	let port: number;
	let there: Broker | Server | undefined;
	let own: Broker | undefined;
	let said: string[];

	beforeEach(async () => {
		port = await freePort();
		said = [];
	});
	afterEach(async () => {
		await own?.close();
		if (there && "url" in there) await there.close();
		else if (there) await new Promise(done => (there as Server).close(done));
		there = own = undefined;
	});

	async function choose(options: Partial<Options> = {}): Promise<string | readonly string[] | undefined> {
		const choice = await chooseBroker(
			options as Options,
			{ broker: undefined },
			line => said.push(line),
			port,
		);
		own = choice.own;
		return choice.address;
	}

	it("is one of its own where none listens", async () => {
		assert.equal(await choose(), `mqtt://127.0.0.1:${port}`);
		assert.deepEqual(said, [`broker at mqtt://127.0.0.1:${port} (started)`]);
		assert.ok(own);
	});
	it("is the one that listens on this machine already, and the line says so", async () => {
		there = await startBroker({ host: "127.0.0.1", port });
		assert.equal(await choose(), `mqtt://127.0.0.1:${port}`);
		assert.match(said.join(), /which was there already \(--new-broker/);
		assert.equal(own, undefined);
	});
	it("is another one with --new-broker", async () => {
		there = await startBroker({ host: "127.0.0.1", port });
		assert.notEqual(await choose({ newBroker: true }), `mqtt://127.0.0.1:${port}`);
		assert.match(said.join(), new RegExp(`\\(started; port ${port} is taken\\)`));
	});
	it("is another one where what listens wants a user, and the line says how to use that one", async () => {
		there = await startBroker({ host: "127.0.0.1", port, user: "me", password: "x" });
		assert.notEqual(await choose(), `mqtt://127.0.0.1:${port}`);
		assert.match(said.join(), /wants a user: --broker mqtt:\/\/USER:PASSWORD@/);
	});
	it("is another one where what listens is no broker", async () => {
		const web = createServer(socket => {
			socket.on("error", () => {});
			socket.resume();
			socket.end("HTTP/1.1 400 Bad Request\r\n\r\n");
		});
		there = web;
		await new Promise<void>(done => web.listen(port, "127.0.0.1", done));
		assert.notEqual(await choose(), `mqtt://127.0.0.1:${port}`);
		assert.match(said.join(), /is taken/);
	});
	it("with --user lets in that user alone, whose password no line has", async () => {
		const address = await choose({ newBroker: true, user: "me", password: "se:cret@" });
		assert.equal(address, `mqtt://me:se%3Acret%40@127.0.0.1:${port}`);
		assert.doesNotMatch(said.join(), /se(:|%3A)cret/);
		const right = { username: "me", password: "se:cret@", reconnectPeriod: 0 };
		await (await connectAsync(`mqtt://127.0.0.1:${port}`, right)).endAsync();
		for (const wrong of [{ ...right, password: "other" }, { reconnectPeriod: 0 }])
			await assert.rejects(connectAsync(`mqtt://127.0.0.1:${port}`, wrong), /Connection refused|Bad user/i);
	});
	it("on every address says each of them, and that anybody may connect unless there is a user", async () => {
		await choose({ host: "0.0.0.0", brokerPort: port });
		assert.match(said.at(-1) ?? "", /anybody .* may connect: see --user/);
	});
	it("refuses a password without a user", async () => {
		await assert.rejects(choose({ password: "x" }), /--password: expected --user/);
	});
});
