/**
 * Which topic filter matches which topic name, MQTT 3.1.1 §4.7: the page shows it while a filter is typed, and sorts messages
 * by subscription with it. Boards do not need it. Does not look whether either is valid: modules/mqtt/codec.ts.
 */

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
