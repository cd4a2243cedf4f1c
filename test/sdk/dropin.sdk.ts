/**
 * `embedded:network/mqtt/client` is ours in programs that know nothing of us: one written against ECMA-419
 * (dropin/main.js), and the SDK's own example from where the SDK is installed. In the simulator, against real Mosquitto.
 */

import assert from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { join } from "node:path";
import type { TestBroker } from "../firmware/brokers.js";
import { Observer } from "../firmware/observer.js";
import { TLSBroker } from "../firmware/tlsbroker.js";
import { Authority } from "../hosts/certificates.js";
import { Scene } from "./scene.js";
import { buildSimulator, linkChip, measure, output, root, Simulator, warnings } from "./sdk.js";

const folder = join(root, "test/sdk/dropin");

describe("embedded:network/mqtt/client on Moddable's SDK", function () {
	this.timeout(600_000);
	const scene = new Scene();
	let broker: TestBroker;
	let observer: Observer;
	let screen: Scene["screen"];
	let simulator: Simulator | undefined;

	/** Builds a project, says what the linker had to say of our modules, and starts it. */
	async function boot(
		project: string,
		name: string,
		{ port }: { readonly port: number } = broker,
	): Promise<readonly string[]> {
		await simulator?.kill();
		const { log, so } = await buildSimulator({ port: `${port}` }, project, name);
		simulator = new Simulator(so, screen.name, join(root, "test/sdk/mockup"));
		return warnings(log);
	}
	const seen = async (topic: string) => {
		const { text } = await observer.next("dropin/out/seen", new RegExp(`"${topic}"`), 0);
		const { fragments, message: _message, ...rest } = JSON.parse(text);
		return { ...rest, fragmented: fragments > 1 };
	};

	before(async function () {
		await scene.open(this);
		({ broker, observer, screen } = scene);
	});
	after(async () => {
		await simulator?.kill();
		await scene.close();
	});

	it("links for an ESP32 without a warning", async () => {
		const { log, folder: built } = await linkChip("esp32", folder, "glowworm-dropin");
		assert.deepEqual(warnings(log), []);
		const { aliases, bytes } = measure(built);
		console.log(`      ${aliases} aliases; ${bytes} bytes linked, the SDK's share included`);
	});

	describe("a program that gives it the SDK's own socket and resolver", () => {
		before(async () => {
			await observer.publish("dropin/cleared", "old", true);
			assert.deepEqual(await boot(folder, "glowworm-dropin"), []);
		});
		after(() => simulator?.kill());

		it("subscribes, is told what was granted, and gets what was retained", async () => {
			assert.equal((await observer.next("dropin/out/granted", undefined, 0)).text, "1,0");
			const topic = "dropin/cleared";
			assert.deepEqual(await seen(topic), { topic, QoS: 0, byteLength: 3, sum: 319, fragmented: false });
		});
		it("publishes at QoS 0 and 1, of no bytes too", async () => {
			for (const [topic, text, qos] of [
				["0", "zero", 0],
				["1", "one", 1],
				["empty", "", 1],
			] as const) {
				const message = await observer.next(`dropin/out/${topic}`, undefined, 0);
				assert.deepEqual([message.text, message.qos], [text, qos]);
			}
		});
		it("publishes retained, and clears what is retained with no bytes", async () => {
			await observer.next("dropin/cleared", "", 0);
			const late = await Observer.connect(broker.url);
			const { retain } = await late.next("dropin/out/retained", "kept", 0);
			await late.close();
			assert.equal(retain, true);
			assert.deepEqual(late.since(0, "dropin/cleared"), []);
		});
		for (const [what, topic, length] of [
			["of a few bytes", "dropin/in/few", 3],
			["of no bytes", "dropin/in/none", 0],
			["longer than any buffer, in fragments", "dropin/in/long", 50_000],
		] as const)
			it(`receives a message ${what}`, async () => {
				await observer.publish(topic, "a".repeat(length));
				const expected = { topic, QoS: 1, byteLength: length, sum: 97 * length, fragmented: length > 1536 };
				assert.deepEqual(await seen(topic), expected);
			});
		it("finds the default options at device.network.mqtt.client (§30)", async () => {
			await observer.next("dropin/out/defaults", "online", 0);
		});
		it("is missed by the broker, which publishes its will retained", async () => {
			const mark = observer.mark;
			assert.deepEqual(observer.since(0, "dropin/out/wrong"), []);
			await simulator?.kill();
			assert.equal((await observer.next("dropin/will", "gone", mark)).qos, 1);
			const late = await Observer.connect(broker.url, "dropin/will");
			assert.equal((await late.next("dropin/will", "gone", 0)).retain, true);
			await late.close();
		});
	});

	it("runs over the SDK's TLS, whose verdict on a certificate is an onError and ends nothing else", async () => {
		const authority = new Authority("Unknown authority");
		const server = authority.issue({ name: "server", names: ["localhost"] });
		const certificates = mkdtempSync(join(output, "tls-"));
		const secure = await TLSBroker.open(certificates, authority, server, ["require_certificate false"]);
		try {
			assert.deepEqual(await boot(join(folder, "tls"), "glowworm-dropin-tls", secure), []);
			await simulator?.line(/^checked: error 2$/, 15_000);
			await simulator?.line(/^unchecked: hello$/, 15_000);
		} finally {
			await secure.close();
		}
	});

	it("runs the SDK's own example, told the opcode beside the message", async () => {
		const mark = observer.mark;
		assert.deepEqual(await boot(join(folder, "example"), "glowworm-dropin-example"), []);
		assert.equal((await observer.next("foo/bar/small", undefined, mark)).text, "SMALL\n");
		const { text } = await observer.next("foo/bar/xxl", undefined, mark);
		assert.equal(text.length, 3 + 16 * 1024);
		assert.match(text, /^XXLA+B+/);
		for (const line of [/^SUBACK - \d+$/, /^UNSUBACK - \d+$/, /^PUBREC - \d+$/, /^PUBCOMP - \d+$/])
			await simulator?.line(line, 15_000);
		for (const line of [/^PUBACK - 1234$/, /^Ping response$/, /^SMALL$/, /^PUBREL - \d+$/])
			await simulator?.line(line, 15_000);
		assert.ok(!simulator?.lines.some(line => /^ERROR|^XS abort/.test(line)));
	});
});
