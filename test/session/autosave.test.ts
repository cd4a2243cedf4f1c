/**
 * A real Mosquitto that is killed between two autosaves: it comes back with the store of the last one. Session Present is 1
 * then, but subscriptions of since are gone; a session that believed it would be deaf on those topics.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import mqtt from "mqtt";
import { HostClock, HostTimer, Resolver, TCP } from "../../hosts/node/device.js";
import MQTTClient from "../../modules/mqtt/client.js";
import type { Subscription } from "../../modules/session/options.js";
import { Queue } from "../../modules/session/queue.js";
import Session from "../../modules/session/session.js";
import { mosquitto, program } from "../firmware/mosquitto.js";
import { freePort, Run } from "../firmware/program.js";
import { text } from "./bench.js";

/** Milliseconds in which anything that must happen has happened, on a busy machine too. */
const patience = 15_000;

/** Until something is so; an error that names it if it never is. */
async function until(what: string, holds: () => boolean): Promise<void> {
	for (const end = Date.now() + patience; !holds(); ) {
		assert.ok(Date.now() < end, `${what}: not within ${patience} ms`);
		await new Promise(done => setTimeout(done, 20));
	}
}

/** One life of a device, over this machine's sockets. */
class Life {
	readonly received: string[] = [];
	readonly online: boolean[] = [];
	readonly session: Session;
	/** Sockets that are open. */
	readonly #sockets = new Set<TCP>();

	constructor(port: number, subscriptions: readonly Subscription[]) {
		const clock = new HostClock();
		const timer = new HostTimer(clock);
		const sockets = this.#sockets;
		class Socket extends TCP {
			constructor(options: ConstructorParameters<typeof TCP>[0]) {
				super(options);
				sockets.add(this);
			}
		}
		this.session = new Session({
			client: { io: MQTTClient, socket: { io: Socket }, dns: { io: Resolver }, timer, ticks: clock },
			brokers: [{ host: "127.0.0.1", port }],
			id: "board",
			keepAlive: 30_000,
			status: { topic: "board/status", online: "online", offline: "offline" },
			subscriptions,
			outbox: new Queue(),
			timer,
			ticks: clock,
			backoff: { minimum: 50, maximum: 200, stable: 1000 },
			onOnline: present => this.online.push(present),
			onMessage: (topic, payload) => this.received.push(`${topic} ${text(payload)}`),
		});
	}
	/** Its power goes: no goodbye is said. */
	end(): void {
		this.session.networkDown();
		for (const socket of this.#sockets) socket.close();
		this.session.close();
	}
}

describe(`A session and ${mosquitto.name}, killed between two autosaves${mosquitto.missing ? ` (pending: ${mosquitto.missing})` : ""}`, function () {
	this.timeout(60_000);

	it("hears topics that it has subscribed to since the last autosave, though Session Present is 1", async function () {
		if (!program) return this.skip();
		const folder = mkdtempSync(join(tmpdir(), "glowworm-autosave-"));
		const port = await freePort();
		const file = join(folder, "mosquitto.conf");
		writeFileSync(
			file,
			`listener ${port} 127.0.0.1\nallow_anonymous true\nuser root\npersistence true\npersistence_location ${folder}/\nautosave_interval 36000\nlog_dest stderr\n`,
		);
		const recipe = { command: program, arguments: ["-c", file], ready: /mosquitto version \S+ running/ };
		let broker = await Run.start(recipe);
		const lives: Life[] = [];
		let other: mqtt.MqttClient | undefined;
		try {
			const first = new Life(port, [{ topic: "board/set", QoS: 1 }]);
			lives.push(first);
			await until("online", () => first.session.online);
			// SIGUSR1 has it save: the autosave.
			process.kill(broker.pid, "SIGUSR1");
			const database = join(folder, "mosquitto.db");
			await until("saved", () => (statSync(database, { throwIfNoEntry: false })?.size ?? 0) > 0);
			first.end();

			const second = new Life(port, [
				{ topic: "board/set", QoS: 1 },
				{ topic: "board/desired", QoS: 1 },
			]);
			lives.push(second);
			await until("online again", () => second.session.online);
			process.kill(broker.pid, "SIGKILL");
			await broker.stop(() => {});
			await until("offline", () => !second.session.online);
			broker = await Run.start(recipe);
			await until("online at the broker of before", () => second.session.online);
			assert.deepEqual(second.online, [true, true], "the broker has a session each time");

			other = mqtt.connect(`mqtt://127.0.0.1:${port}`);
			other.publish("board/desired", "ON", { qos: 1, retain: true });
			other.publish("board/set", "OFF", { qos: 1 });
			await until("both messages", () => second.received.length === 2);
			assert.deepEqual(second.received.sort(), ["board/desired ON", "board/set OFF"]);
		} finally {
			other?.end(true);
			for (const life of lives) life.end();
			await broker.stop();
			rmSync(folder, { recursive: true, force: true });
		}
	});
});
