/**
 * Topic filters as AWS matches them: like MQTT 3.1.1, except that `a/#` does not match `a`.
 * https://docs.aws.amazon.com/iot/latest/developerguide/topics.html#topicfilters
 */

/** A filter that is one: `#` last and alone in its level, `+` alone in its level. */
export function isFilter(filter: string): boolean {
	const levels = filter.split("/");
	return levels.every((level, index) => {
		if (level === "#") return index === levels.length - 1;
		return level === "+" || !/[+#\0]/.test(level);
	});
}

export function hasWildcard(filter: string): boolean {
	return /[+#]/.test(filter);
}

export function matches(filter: string, topic: string): boolean {
	// A wildcard in the first level does not reach what is reserved [MQTT-4.7.2-1].
	if (topic.startsWith("$") && /^[+#]/.test(filter)) return false;
	const wanted = filter.split("/");
	const levels = topic.split("/");
	for (const [index, level] of wanted.entries()) {
		if (level === "#") return levels.length > index;
		if (index >= levels.length) return false;
		if (level !== "+" && level !== levels[index]) return false;
	}
	return wanted.length === levels.length;
}

/** Whether some topic matches both. */
export function overlap(one: string, other: string): boolean {
	const left = one.split("/");
	const right = other.split("/");
	for (let index = 0; ; ++index) {
		const [a, b] = [left[index], right[index]];
		if (a === undefined && b === undefined) return true;
		if (a === undefined || b === undefined) return false;
		if (a === "#" || b === "#") return true;
		if (a !== b && a !== "+" && b !== "+") return false;
	}
}
