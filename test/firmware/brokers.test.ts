/**
 * The test's own brokers do what the firmware tests rely on. Not a test of the firmware.
 */

import assert from "node:assert/strict";
import mqtt, { type IClientOptions, type IPublishPacket, type MqttClient } from "mqtt";
import { brokers, type TestBroker } from "./brokers.js";
import { Observer } from "./observer.js";

for (const kind of brokers) {
	describe(`test broker ${kind.name}${kind.missing ? ` – pending: ${kind.missing}` : ""}`, function () {
		this.timeout(60_000);
		let broker: TestBroker;
		const observers: Observer[] = [];
		const observe = async (filter: string | string[], options?: IClientOptions) => {
			const observer = await Observer.connect(broker.url, filter, options);
			observers.push(observer);
			return observer;
		};

		before(async function () {
			if (kind.missing) this.skip();
			broker = await kind.open();
		});
		afterEach(async () => {
			for (const observer of observers.splice(0)) await observer.close();
		});
		after(() => broker?.close());

		it("keeps retained messages and a persistent session's queue when it is stopped and started again", async () => {
			const session = { clientId: "watcher", clean: false };
			const filter = ["a/state", "a/event"];
			const first = await observe(filter, session);
			const publisher = await observe("none");
			await publisher.publish("a/state", "on", true);
			await first.next("a/state", "on", 0);
			await first.close();
			await publisher.publish("a/event", "missed");
			await broker.stop();
			await broker.start();

			const again = await observe(filter, session);
			await again.next("a/event", "missed", 0);
			const state = await again.next("a/state", "on", 0);
			assert.equal(state.retain, true);
		});

		it(`gives ${kind.retainedToWildcards ? "what is" : "nothing that is"} retained to a subscription with a wildcard`, async () => {
			const publisher = await observe("none");
			await publisher.publish("b/state", "on", true);
			const late = await observe("b/#");
			await publisher.publish("b/mark", "end");
			await late.next("b/mark", "end", 0);
			// Live messages may pass what is retained: it has come when one more round trip is over.
			if (kind.retainedToWildcards) await late.next("b/state", "on", 0);
			else assert.deepEqual(late.since(0, "b/state"), []);
			const exact = await observe("b/state");
			assert.equal((await exact.next("b/state", "on", 0)).retain, true);
		});

		it(`sends again ${kind.redelivers.duplicate ? "with" : "without"} DUP, under ${kind.redelivers.sameIdentifier ? "the same" : "another"} identifier, what was not acknowledged before a reconnect`, async () => {
			/** The first packet of this connection that has `text`. All before it are acknowledged, it is not. */
			const connect = async (text: string, act: (client: MqttClient) => Promise<unknown>) => {
				const options = { protocolVersion: 4, clientId: "forgetful", clean: false } as const;
				const client = mqtt.connect(broker.url, { ...options, reconnectPeriod: 0 });
				try {
					return await new Promise<IPublishPacket>((resolve, reject) => {
						client.handleMessage = (packet, acknowledge) => {
							if (packet.payload.toString() === text) resolve(packet);
							else acknowledge();
						};
						client.once("connect", () => void act(client).catch(reject));
						client.once("error", reject);
					});
				} finally {
					await client.endAsync(true);
				}
			};
			const first = await connect("2", async client => {
				await client.subscribeAsync("d/event", { qos: 1 });
				for (const text of ["1", "2"]) await client.publishAsync("d/event", text, { qos: 1 });
			});
			const again = await connect("2", async () => {});
			assert.deepEqual([first.dup, again.dup], [false, kind.redelivers.duplicate]);
			assert.equal(again.messageId === first.messageId, kind.redelivers.sameIdentifier);
		});

		it("publishes the will of a client whose connection ends without DISCONNECT, at once and retained", async () => {
			const observer = await observe("e/will");
			const will = { topic: "e/will", payload: Buffer.from("gone"), qos: 1, retain: true } as const;
			const client = await observe("none", { will, reconnectPeriod: 0 });
			client.client.stream.destroy();
			await observer.next("e/will", "gone", 0);
			const late = await observe("e/will");
			assert.equal((await late.next("e/will", "gone", 0)).retain, true);
		});

		it(
			kind.QoS === 2
				? "delivers at QoS 2 what is published at QoS 2"
				: "delivers nothing at QoS 2: it grants 1 at most",
			async () => {
				const observer = await observe("none");
				const [granted] = await observer.client.subscribeAsync("c/#", { qos: 2 });
				assert.equal(granted?.qos, kind.QoS);
				// NATS 2.9 ends the connection at a publish of QoS 2, RabbitMQ takes it as one of QoS 1.
				if (kind.QoS === 2) await observer.publish("c/event", "once", false, 2);
				else await observer.publish("c/event", "once");
				assert.equal((await observer.next("c/event", "once", 0)).qos, kind.QoS);
			},
		);
	});
}
