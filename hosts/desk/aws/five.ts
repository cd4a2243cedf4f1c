/**
 * What MQTT 5 adds to a connection at AWS: the limits that CONNACK tells, and how long a session is kept.
 * https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html#mqtt5
 */

import type { IConnectPacket, IPublishPacket } from "mqtt-packet";
import { limits } from "./limits.js";

/** CONNACK's properties. `alive`: the keep-alive that holds, in seconds. */
export function offer(
	{ clientId: asked, keepalive = 0, properties = {} }: IConnectPacket,
	clientId: string,
	alive: number,
): object {
	const { sessionExpiryInterval = 0 } = properties;
	const expiry = expiryOf(sessionExpiryInterval) / 1000;
	return {
		receiveMaximum: limits.inFlight,
		maximumQoS: 1,
		maximumPacketSize: limits.packet,
		topicAliasMaximum: limits.aliases,
		subscriptionIdentifiersAvailable: false,
		// AWS has them; here they are not emulated.
		sharedSubscriptionAvailable: false,
		...(asked === "" && { assignedClientIdentifier: clientId }),
		...(alive !== keepalive && { serverKeepAlive: alive }),
		...(expiry !== sessionExpiryInterval && { sessionExpiryInterval: expiry }),
	};
}

/** Milliseconds. */
export function expiryOf(seconds = 0): number {
	return Math.min(seconds * 1000, limits.longestSession);
}

/** Topic aliases, which a client makes as it goes. */
export class Aliases {
	readonly #topics = new Map<number, string>();

	/** Empty for an alias that stands for nothing. */
	topicOf({ topic, properties }: IPublishPacket): string {
		const alias = properties?.topicAlias;
		if (alias === undefined || alias < 1 || alias > limits.aliases) return topic;
		if (topic === "") return this.#topics.get(alias) ?? "";
		this.#topics.set(alias, topic);
		return topic;
	}
}
