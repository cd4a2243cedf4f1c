/**
 * What the broker keeps: a client of its own subscribes, clean, and takes what comes with the retain flag until no more
 * does. Only so can it be known (MQTT 3.1.1 §3.3.1.3): to those who were subscribed before, a message that is kept looks
 * like any other.
 */

import { Link, type Message, type Through } from "../mqtt/link.js";

/** Milliseconds without another one. */
const QUIET = 300;
const LONGEST = 10_000;
const MOST = 10_000;

let next = 0;

/** Rejects with a sentence. */
export function survey(through: Through, id: string, filter: string): Promise<Message[]> {
	return new Promise((resolve, reject) => {
		const found = new Map<string, Message>();
		let quiet: ReturnType<typeof setTimeout> | undefined;
		const finish = (error?: string) => {
			clearTimeout(quiet);
			clearTimeout(late);
			link.disconnect();
			if (error) reject(new Error(error));
			else resolve([...found.values()].sort((a, b) => a.topic.localeCompare(b.topic)));
		};
		const wait = () => {
			clearTimeout(quiet);
			quiet = setTimeout(() => finish(), QUIET);
		};
		const link = new Link({
			through,
			id: `${id}-${++next}`,
			lasting: false,
			onMessage: message => {
				if (!message.retain) return;
				found.set(message.topic, message);
				if (found.size >= MOST) finish();
				else wait();
			},
			onState: (state, { reason }) => {
				if (state === "off" && quiet === undefined) finish(reason ?? "no connection");
			},
		});
		const late = setTimeout(() => finish("the broker did not answer"), LONGEST);
		link.subscribe(filter, 0, code => {
			if (code === undefined || code > 2) finish(`the broker refuses the filter ${filter}`);
			else wait();
		});
		link.connect();
	});
}
