/** Which board a topic belongs to and what it is there, by its form alone: README's table of topics, read backwards. */

/** What a topic is of a board. */
export interface Place {
	readonly base: string;
	readonly kind: "status" | "info" | "sensor" | "alert" | "alertState" | "result" | "state" | "desired";
	readonly name: string;
}

/** `undefined` where a topic has the form of none. */
export function placeOf(topic: string): Place | undefined {
	const levels = topic.split("/");
	const last = levels.at(-1) as string;
	const before = levels.at(-2) ?? "";
	const place = (kind: Place["kind"], depth: number, name: string): Place | undefined => {
		// A root of a level at least, and an id.
		if (levels.length < depth + 2) return undefined;
		return { base: levels.slice(0, -depth).join("/"), kind, name };
	};
	if (last === "status" || last === "info") return place(last, 1, last);
	if (before === "measurements") return place("sensor", 2, last);
	if (before === "alerts") return place("alert", 2, last);
	if (before === "cmd" && last === "result") return place("result", 2, last);
	if (last === "state" && levels.at(-3) === "alerts") return place("alertState", 3, before);
	if (last === "state" || last === "desired") return place(last, 2, before);
	return undefined;
}
