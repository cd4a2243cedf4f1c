/**
 * Topic names and topic filters, MQTT 3.1.1 §4.7: which texts are one, and which filter matches which name.
 * Serves SUBSCRIBE and PUBLISH, and whoever routes messages. Does not look at lengths in bytes.
 */

/** A name that a message may be published to [MQTT-3.3.2-2] [MQTT-4.7.1-1] [MQTT-4.7.3-1] [MQTT-4.7.3-2]. */
export function isTopicName(text: string): boolean {
	return text !== "" && !text.includes("+") && !text.includes("#") && !text.includes("\0");
}

/** A filter that may be subscribed to: wildcards stand alone in their level, `#` only in the last one. */
export function isTopicFilter(text: string): boolean {
	if (text === "" || text.includes("\0")) return false;
	const levels = text.split("/");
	const last = levels.length - 1;
	for (let i = 0; i <= last; i++) {
		const level = levels[i] as string;
		if (level.includes("#") && (level !== "#" || i !== last)) return false; // [MQTT-4.7.1-2]
		if (level.includes("+") && level !== "+") return false; // [MQTT-4.7.1-3]
	}
	return true;
}

/** Whether a (valid) filter matches a topic name, character by character [MQTT-4.7.3-4]. */
export function matches(filter: string, name: string): boolean {
	if (filter === name) return true;
	// A wildcard in the first level does not reach the broker's own topics [MQTT-4.7.2-1].
	if (name.startsWith("$") && (filter.startsWith("#") || filter.startsWith("+"))) return false;
	const filters = filter.split("/");
	const levels = name.split("/");
	const last = filters.length - 1;
	for (let i = 0; i <= last; i++) {
		if (filters[i] === "#") return true; // the parent too: `a/#` matches `a`
		if (i === levels.length) return false;
		if (filters[i] !== "+" && filters[i] !== levels[i]) return false;
	}
	return filters.length === levels.length;
}
