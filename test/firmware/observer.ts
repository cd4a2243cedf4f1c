/**
 * The independent other side: MQTT.js, subscribed to everything a board says, keeping it in order.
 * Waits for messages and never for time: the bound on a wait only turns a hang into a sentence.
 */

import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import { closed, opened } from "./leftover.js";

export interface Message {
	readonly topic: string;
	readonly text: string;
	readonly qos: 0 | 1 | 2;
	readonly retain: boolean;
	readonly duplicate: boolean;
}

interface Wait {
	readonly from: number;
	readonly matches: (message: Message) => boolean;
	readonly resolve: (message: Message) => void;
}

/** How long anything that must happen may take on a busy machine. */
const PATIENCE = process.env.SLOW ? 60_000 : 15_000;

export class Observer {
	readonly messages: Message[] = [];
	readonly client: MqttClient;
	#waits = new Set<Wait>();

	private constructor(client: MqttClient) {
		this.client = client;
		opened(this);
		client.on("message", (topic, payload, { qos, retain, dup }) => {
			const message = { topic, text: payload.toString(), qos, retain, duplicate: dup };
			const index = this.messages.push(message) - 1;
			for (const wait of this.#waits)
				if (index >= wait.from && wait.matches(message)) {
					this.#waits.delete(wait);
					wait.resolve(message);
				}
		});
		// It reconnects by itself, as often as a test takes its broker away.
		client.on("error", () => {});
	}

	/** Connected and subscribed to `filter` when it resolves; retained messages may still be on their way. */
	static async connect(
		url: string,
		filter: string | string[] = "#",
		options: IClientOptions = {},
	): Promise<Observer> {
		const client = mqtt.connect(url, { protocolVersion: 4, reconnectPeriod: 50, ...options });
		const observer = new Observer(client);
		try {
			await new Promise<void>((resolve, reject) => {
				client.once("connect", () => resolve());
				client.once("error", reject);
			});
			await client.subscribeAsync(filter, { qos: 1 });
		} catch (error) {
			// It would try again for ever.
			await observer.close();
			throw error;
		}
		return observer;
	}

	/** A place in the stream of messages, for `next` and `since`. */
	get mark(): number {
		return this.messages.length;
	}
	since(mark: number, topic?: string): Message[] {
		return this.messages.slice(mark).filter(message => topic === undefined || message.topic === topic);
	}
	/** The first message from `mark` on (default: from now on) that matches. */
	next(
		topic: string,
		matches: string | RegExp | ((message: Message) => boolean) = () => true,
		mark = this.mark,
		patience = PATIENCE,
	): Promise<Message> {
		const test =
			typeof matches === "function"
				? matches
				: ({ text }: Message) => (typeof matches === "string" ? text === matches : matches.test(text));
		const wanted = (message: Message) => message.topic === topic && test(message);
		const found = this.messages.slice(mark).find(wanted);
		if (found) return Promise.resolve(found);
		return new Promise((resolve, reject) => {
			const wait: Wait = {
				from: mark,
				matches: wanted,
				resolve: message => {
					clearTimeout(timeout);
					resolve(message);
				},
			};
			const timeout = setTimeout(() => {
				this.#waits.delete(wait);
				const seen = this.messages.slice(mark).map(message => JSON.stringify(message));
				reject(
					new Error(`no ${topic} ${matches} within ${patience} ms; seen:\n${seen.join("\n") || "nothing"}`),
				);
			}, patience);
			this.#waits.add(wait);
		});
	}
	/** Publishes, at QoS 1 if not told otherwise, and waits for the broker's acknowledgement. */
	async publish(topic: string, payload: string | object, retain = false, qos: 1 | 2 = 1): Promise<void> {
		const text = typeof payload === "string" ? payload : JSON.stringify(payload);
		await this.client.publishAsync(topic, text, { qos, retain });
	}
	async close(): Promise<void> {
		closed(this);
		await this.client.endAsync(true);
	}
}
