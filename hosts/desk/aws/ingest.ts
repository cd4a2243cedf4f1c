/**
 * Basic Ingest: what is published to `$aws/rules/NAME/…` goes to the rules engine past the broker. Here it is kept and told; no client can
 * subscribe to it. PUBACK says that it arrived, not that the rule did its work; a rule that does not exist takes it all the same.
 * https://docs.aws.amazon.com/iot/latest/developerguide/iot-basic-ingest.html
 */

import type { Broker, Client, Service } from "./broker.js";
import type { Message } from "./session.js";

export interface Ingested {
	readonly rule: string;
	/** As the rule sees it: without `$aws/rules/NAME`. */
	readonly topic: string;
	readonly payload: Buffer;
	readonly client: string;
	readonly time: number;
}

/** So many are kept, the newest. */
const most = 10_000;

export class Ingest implements Service {
	readonly requests = ["$aws/rules/+", "$aws/rules/+/#"];
	readonly answers: readonly string[] = [];
	readonly received: Ingested[] = [];
	onMessage: ((ingested: Ingested) => void) | undefined;
	readonly #broker: Broker;

	constructor(broker: Broker) {
		this.#broker = broker;
	}

	take({ topic, payload }: Message, { clientId }: Client): void {
		const [, , rule = "", ...rest] = topic.split("/");
		const ingested = {
			rule,
			topic: rest.join("/"),
			payload,
			client: clientId,
			time: this.#broker.clock.now(),
		};
		this.received.push(ingested);
		if (this.received.length > most) this.received.shift();
		this.onMessage?.(ingested);
	}
}
