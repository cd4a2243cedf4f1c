/**
 * Topic names and topic filters, MQTT 3.1.1 §4.7: which texts are one. Serves SUBSCRIBE and
 * PUBLISH. Does not look at lengths in bytes, and not at which filter matches which name: that is the broker's.
 * Arrows, for a function declaration has a prototype object, which is 48 bytes of flash.
 */

/** A name that a message may be published to [MQTT-3.3.2-2] [MQTT-4.7.1-1] [MQTT-4.7.3-1] [MQTT-4.7.3-2]. */
export const isTopicName = (name: string): boolean =>
	name !== "" && !name.includes("+") && !name.includes("#") && !name.includes("\0");

/** A filter that may be subscribed to: wildcards stand alone in their level [MQTT-4.7.1-3], `#` only in the last one [MQTT-4.7.1-2]. */
export const isTopicFilter = (name: string): boolean => {
	const values = name.split("/");
	if (values[values.length - 1] === "#") values.pop();
	return name !== "" && values.every(value => value === "" || value === "+" || isTopicName(value));
};
