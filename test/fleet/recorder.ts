/**
 * The other side of many boards: MQTT.js with a persistent session, which hears which board is online and each alert. An alert
 * is known by its board and its id; one that comes again is a duplicate.
 */

import mqtt, { type MqttClient } from "mqtt";
import { closed, opened } from "../firmware/leftover.js";

let recorders = 0;

export class Recorder {
	/** Alerts by board, rule and id. */
	readonly delivered = new Set<string>();
	readonly online = new Set<string>();
	duplicates = 0;
	readonly #client: MqttClient;

	private constructor(client: MqttClient, root: string) {
		this.#client = client;
		opened(this);
		const level = root.split("/").length;
		client.on("message", (topic, payload) => {
			const [id = "", kind, rule] = topic.split("/").slice(level);
			const text = payload.toString();
			if (kind === "status") {
				if (text === "online") this.online.add(id);
				else this.online.delete(id);
				return;
			}
			const alert = `${id} ${rule} ${(JSON.parse(text) as { id: string }).id}`;
			if (this.delivered.has(alert)) this.duplicates++;
			this.delivered.add(alert);
		});
		client.on("error", () => {});
	}
	/** Subscribed when it resolves. */
	static async connect(url: string, root: string, alerts = true): Promise<Recorder> {
		const client = mqtt.connect(url, {
			protocolVersion: 4,
			clientId: `recorder-${process.pid}-${++recorders}`,
			clean: false,
			reconnectPeriod: 100,
		});
		const recorder = new Recorder(client, root);
		const kinds = alerts ? ["status", "alerts/+"] : ["status"];
		try {
			await new Promise<void>((resolve, reject) => {
				client.once("connect", () => resolve());
				client.once("error", reject);
			});
			await client.subscribeAsync(
				kinds.map(kind => `${root}/+/${kind}`),
				{ qos: 1 },
			);
		} catch (error) {
			// It would try again for ever.
			await recorder.close();
			throw error;
		}
		return recorder;
	}
	async close(): Promise<void> {
		closed(this);
		await this.#client.endAsync(true);
	}
}
