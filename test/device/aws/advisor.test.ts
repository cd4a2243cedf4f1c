/**
 * AWS's own acceptance list for devices, IoT Device Advisor, as tests of this firmware against the local AWS (hosts/desk/aws):
 * https://docs.aws.amazon.com/iot/latest/developerguide/device-advisor-tests-mqtt.html (and -tls, -shadow, -jobs). The whole board, in
 * Node and in XS, over mutual TLS. Cipher suites, records of full size, large and expired certificates are cases of every host's TLS
 * (test/hosts/tls.conformance.ts), in Moddable's simulator too. Not passed: "publish retry" and "subscribe retry", which want a
 * repetition on the same connection.
 */

import assert from "node:assert/strict";
import { type AddressInfo, createServer, type Server } from "node:net";
import { createServer as createTLSServer } from "node:tls";
import { loadCredentials } from "../../../hosts/node/credentials.js";
import type { Credentials } from "../../../hosts/node/tls.js";
import { engines } from "../../firmware/scene.js";
import { Authority, pem } from "../../hosts/certificates.js";
import { Local, ROOT } from "./local.js";

let boards = 0;

for (const { name: engine, missing } of engines)
	describe(`Device Advisor's cases, in ${engine}${missing ? ` (pending: ${missing})` : ""}`, function () {
		this.timeout(40_000);
		let local: Local;
		const servers: Server[] = [];

		before(function () {
			if (missing) this.skip();
		});
		beforeEach(async () => {
			local = new Local(engine, `advised-${engine}-${++boards}`);
			await local.open();
		});
		afterEach(async () => {
			await local?.close();
			for (const server of servers.splice(0)) server.close();
		});

		const start = (more: object = {}, tls?: Credentials) =>
			local.start({ commands: ["info", "config", "restart"], ...more }, tls && { tls });
		/** Closed when the test ends. */
		async function listening(server: Server): Promise<number> {
			servers.push(server);
			await new Promise<void>(done => server.listen(0, "127.0.0.1", done));
			return (server.address() as AddressInfo).port;
		}
		const count = (type: string, topic?: string) =>
			local.events.filter(event => event.type === type && (topic === undefined || event.topic === topic))
				.length;
		const shadow = () => local.aws.shadow(local.id) as unknown as Shadow | undefined;
		const online = (times = 1) => local.until(`online, ${times}`, () => local.said(/^online$/) >= times);

		it("TLS Connect, MQTT Connect, Subscribe, Publish: online, subscribed, and heard", async () => {
			await start();
			await online();
			await local.until("a measurement", () => count("published", `${ROOT}/${local.id}/measurements/temp`));
			assert.deepEqual(
				local.aws
					.session(local.id)
					?.filters.map(filter => filter.split("/").slice(3).join("/"))
					.sort(),
				["cmd", "lamp/desired", "lamp/set", "status"],
			);
			await local.until("its status", () => local.status() === "online");
			assert.equal(count("refused"), 0);
		});
		it("port 443: TLS with ALPN x-amzn-mqtt-ca", async () => {
			await start({ broker: local.aws.alpnUrl });
			await online();
		});
		it("TLS Incorrect Subject Name: does not connect to a server with another name's certificate", async () => {
			const authority = new Authority("Another service's");
			const { certificate, key } = authority.issue({ name: "other", names: ["other.example"] });
			let secured = 0;
			const server = createTLSServer(
				{ cert: pem("CERTIFICATE", certificate), key: pem("PRIVATE KEY", key) },
				socket => {
					socket.on("error", () => {});
					secured++;
				},
			);
			const port = await listening(server);
			await start({ broker: `mqtts://localhost:${port}` }, { ca: authority.certificate });
			await local.until("a refusal", () => local.said(/tls-name/));
			assert.equal(secured, 0, "nothing was sent");
		});
		it("TLS Unsecure Server Cert: does not connect to a server that no known authority vouches for", async () => {
			const { files } = await local.aws.thing(local.id);
			const { ca: _ca, ...own } = loadCredentials(files);
			await start({}, own);
			await local.until("a refusal", () => local.said(/tls-authority/));
			assert.equal(count("connected"), 0);
		});
		it("MQTT Connect with jittered back-off: at least five tries without CONNACK, none at once, not at a constant distance", async () => {
			/** Milliseconds since the one before. */
			const gaps: number[] = [];
			let last = 0;
			const server = createServer(socket => {
				const now = Date.now();
				if (last) gaps.push(now - last);
				last = now;
				socket.on("error", () => {});
				socket.destroy();
			});
			const port = await listening(server);
			await start({ broker: `mqtt://127.0.0.1:${port}`, backoff: { minimum: 100, maximum: 6400 } });
			await local.until("five tries", () => gaps.length >= 5);
			// How far they get is tested without a clock that runs: test/session/brokers.test.ts.
			for (const gap of gaps) assert.ok(gap >= 95, `${gaps}`);
			assert.ok(new Set(gaps).size > 1, `constant: ${gaps}`);
		});
		it("Reconnect on server disconnect, and session resumed without another certificate or will", async () => {
			await start({ backoff: { minimum: 1000, maximum: 1500 } });
			await online();
			local.aws.endConnection(local.id);
			await online(2);
			await local.until("its status", () => local.status() === "online");
			assert.equal(count("refused"), 0);
		});
		it("MQTT No Ack PingResp: a server that says nothing more is left", async () => {
			// The firmware asks every half keep-alive; 1 s is below what AWS takes, so the server here is a plain one.
			let packets = 0;
			const server = createServer(socket => {
				socket.on("error", () => {});
				socket.once("data", () => {
					socket.write(Buffer.of(0x20, 2, 0, 0));
					socket.on("data", data => {
						packets++;
						// SUBACK for four filters in more than 127 bytes; PUBACK never.
						if (data[0] === 0x82)
							socket.write(Buffer.of(0x90, 6, data[3] as number, data[4] as number, 1, 1, 1, 0));
					});
				});
			});
			const port = await listening(server);
			await start({ broker: `mqtt://127.0.0.1:${port}`, profile: "plain", keepAlive: 1000, sensors: [] });
			await online();
			await local.until("the end of it", () => local.said(/^offline$/));
			assert.ok(packets > 1);
		});
		for (const bytes of [0, 1024, 100 * 1024])
			it(`PUBACK QoS 1: acknowledges a message of ${bytes} bytes, also one that it cannot read`, async () => {
				await start();
				await online();
				local.aws.publish(`${ROOT}/${local.id}/lamp/desired`, "x".repeat(bytes), { qos: 1, retain: false });
				local.aws.publish(`${ROOT}/${local.id}/cmd`, "info", { qos: 1, retain: false });
				await local.until("the answer to the next", () => local.said(/^> cmd\/result .*"cmd":"info"/));
				await local.until("the acknowledgement", () => local.aws.session(local.id)?.inFlight === 0);
			});
		it("Persistent Session: what was published while it was away comes when it is back", async () => {
			await start();
			await online();
			local.board?.kill();
			await local.until("its absence", () => !local.aws.connections.includes(local.id));
			local.aws.publish(`${ROOT}/${local.id}/lamp/desired`, '{"state":"ON","ver":1}', {
				qos: 1,
				retain: false,
			});
			await local.board?.on();
			await local.until("the lamp", () => local.said(/^> lamp\/state \{"state":"ON"/));
		});
		it("Session expired: subscribes anew", async () => {
			await local.open({ sessionExpiry: 1 });
			await start();
			await online();
			local.aws.endConnection(local.id);
			await online(2);
			assert.equal(local.aws.session(local.id)?.filters.length, 4);
		});
		it("Device Shadow: reports its state, and does what is desired once", async () => {
			await start({ shadow: true });
			await online();
			await local.until("the report", () => shadow()?.state.reported?.lamp);
			local.aws.updateShadow(local.id, { state: { desired: { lamp: { state: "ON" } } } });
			await local.until("the state", () => shadow()?.state.reported?.lamp?.state === "ON");
			assert.equal(shadow()?.state.delta, undefined);
			assert.equal(local.said(/^lamp on/), 1);
		});
		it("Job Execution: IN_PROGRESS, then SUCCEEDED, or FAILED with the reason; over a restart too", async () => {
			await start({ jobs: true });
			await online();
			local.aws.createJob({
				jobId: "wrong",
				things: [local.id],
				document: { cmd: "config", set: { lamp: { failSafe: 1 } } },
			});
			await local.until("its end", () => local.aws.job("wrong", local.id)?.status === "FAILED");
			assert.match(`${local.aws.job("wrong", local.id)?.statusDetails?.reason}`, /failSafe: expected/);
			local.aws.createJob({ jobId: "again", things: [local.id], document: { cmd: "restart" } });
			await local.until("its start", () => local.aws.job("again", local.id)?.status === "IN_PROGRESS");
			await local.until("its end", () => local.aws.job("again", local.id)?.status === "SUCCEEDED");
			assert.ok(local.said(/^online$/) >= 2);
		});
		it("Basic Ingest: measurements reach the rule and no subscriber", async () => {
			await start({ ingest: "lake" });
			await online();
			await local.until("a measurement", () => local.aws.ingested.length > 0);
			const [first] = local.aws.ingested;
			assert.deepEqual([first?.rule, first?.topic], ["lake", `${ROOT}/${local.id}/measurements/temp`]);
			assert.equal(count("published", `${ROOT}/${local.id}/measurements/temp`), 0);
		});
	});

interface Shadow {
	readonly state: {
		readonly reported?: { readonly lamp?: { readonly state: string } };
		readonly delta?: object;
	};
}
