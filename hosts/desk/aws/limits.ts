/**
 * AWS IoT Core's quotas for one connection, in one table, and the checks of topics. Numbers as the service has them without
 * an increase. What happens to a client that passes one is connection.ts's.
 * https://docs.aws.amazon.com/general/latest/gr/iot-core.html#message-broker-limits
 */

import { hasWildcard } from "./filter.js";

const page = "https://docs.aws.amazon.com/general/latest/gr/iot-core.html#message-broker-limits";

/** Bytes, counts, and milliseconds where the name says no unit. */
export const limits = Object.freeze({
	/** Of a message. */
	payload: 128 * 1024,
	/** Of a client id. */
	clientId: 128,
	/** Of a topic or filter, in UTF-8. */
	topicBytes: 256,
	/** Slashes: eight levels. */
	slashes: 7,
	/** In one SUBSCRIBE. */
	filters: 8,
	/** Of one connection. */
	subscriptions: 50,
	/** Publishes a second, each way. */
	publishes: 100,
	/** Not acknowledged, each way. */
	inFlight: 100,
	/** CONNECTs a second with one client id. */
	connects: 1,
	/** Keep-alive in seconds; 0 means the longest. */
	shortest: 30,
	longest: 1200,
	/** How long a QoS 1 message is sent again. */
	retry: 3_600_000,
	/** A session without a connection. Up to `late` longer: https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html#mqtt-persistent-sessions */
	session: 3_600_000,
	late: 1_800_000,
	/** The longest that MQTT 5 may ask for. */
	longestSession: 7 * 86_400_000,
	/** Stored messages a second, after a session was resumed. */
	stored: 10,
	/** MQTT 5: what CONNACK says. */
	packet: 149_504,
	aliases: 8,
});

/** Basic Ingest: `$aws/rules/NAME` does not count. https://docs.aws.amazon.com/iot/latest/developerguide/iot-basic-ingest.html */
const ingest = /^\$aws\/rules\/[^/]+\/?/;

/** What is wrong with a topic or a filter, if anything. */
export function topicProblem(topic: string): string | undefined {
	if (topic === "") return "an empty topic";
	const counted = topic.replace(ingest, "");
	const bytes = Buffer.byteLength(counted);
	if (bytes > limits.topicBytes) return `a topic of ${bytes} bytes, ${limits.topicBytes} at most (${page})`;
	const slashes = counted.split("/").length - 1;
	if (slashes > limits.slashes) return `a topic with ${slashes} slashes, ${limits.slashes} at most (${page})`;
	return undefined;
}

/** What is wrong with a message, if anything. */
export function messageProblem(topic: string, bytes: number, retain: boolean): string | undefined {
	if (hasWildcard(topic)) return `a topic with a wildcard: ${topic}`;
	if (bytes > limits.payload) return `a payload of ${bytes} bytes, ${limits.payload} at most (${page})`;
	// https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html#mqtt-retain: none on reserved topics.
	if (retain && topic.startsWith("$")) return `a retained message on ${topic}`;
	return topicProblem(topic);
}

/** The keep-alive that holds, in seconds. https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html */
export function keepAlive(asked: number): number {
	if (asked === 0 || asked > limits.longest) return limits.longest;
	return Math.max(asked, limits.shortest);
}
