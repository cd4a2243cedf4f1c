/**
 * All that the views share: the page's own connection to the broker, subscribed to everything, the boards it shows, and
 * which view is open. The address names the view, so that a link leads back.
 */

import { type Signal, signal } from "@preact/signals";
import { addressOf, hello, listen } from "./desk.js";
import { mark } from "./model/beat.js";
import { type Board, Boards } from "./model/boards.js";
import { Documents } from "./model/entities.js";
import { Topics } from "./model/topics.js";
import { Link, type LinkState, type PublishOptions } from "./mqtt/link.js";
import { through } from "./mqtt/tcp.js";

export const views = ["boards", "client", "topics", "wire", "faults"] as const;
export type View = (typeof views)[number];

export interface Route {
	readonly view: View;
	/** What is open in it: a board, a topic. */
	readonly detail: string;
}

function routeOf(hash: string): Route {
	const [view = "", ...rest] = hash.replace(/^#\/?/, "").split("/");
	const found = views.find(known => known === view) ?? "boards";
	let detail = "";
	try {
		detail = decodeURIComponent(rest.join("/"));
	} catch {
		// A link that was cut.
	}
	return { view: found, detail };
}

export function hrefOf(view: View, detail = ""): string {
	return `#/${view}${detail ? `/${encodeURIComponent(detail).replaceAll("%2F", "/")}` : ""}`;
}

export const route: Signal<Route> = signal(routeOf(location.hash));
addEventListener("hashchange", () => {
	route.value = routeOf(location.hash);
	// What is opened begins at its beginning.
	scrollTo(0, 0);
});

export const connection: Signal<{ readonly state: LinkState; readonly reason: string }> = signal({
	state: "off",
	reason: "",
});
/** Retained messages have had the time to come: what was not heard of by then is not there. */
export const settled = signal(false);
/** Milliseconds after the subscription was granted. */
const SETTLING = 500;
let settling: ReturnType<typeof setTimeout> | undefined;

export const boards = new Boards();
export const topics = new Topics();
export const documents = new Documents();

/** The way to the broker, for the page's clients. */
export const broker = through(addressOf("mqtt"));

/** Random, as two pages may be open. */
export const name = Math.random().toString(36).slice(2, 8);

export const link = new Link({
	through: broker,
	id: `page-${name}`,
	onMessage: message => {
		boards.receive(message);
		topics.receive(message);
		documents.receive(message);
	},
	onState: (state, { reason = "" }) => {
		connection.value = { state, reason };
		if (state === "online") return;
		clearTimeout(settling);
		settled.value = false;
	},
});
link.subscribe("#", 0, code => {
	clearTimeout(settling);
	settling = setTimeout(() => {
		settled.value = true;
	}, SETTLING);
	if (code === 128) connection.value = { state: "online", reason: "the broker refuses the filter #" };
});

// Steps of a request that only the desk sees: stored by the board, done by its pin.
listen(message => {
	if (message.type === "hello") boards.replayed = message.replay !== undefined;
	if (message.type !== "step") return;
	const board = boards.get(message.base);
	board?.outputs.get(message.output)?.step(message.step, Date.now());
	if (board) mark(board.version);
});

export const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

export function publish(topic: string, text: string, options: PublishOptions = {}): void {
	link.publish(topic, encode(text), options);
}

/** A command to a board, at QoS 1; the answer comes on `cmd/result`. */
export function command(
	board: Board,
	value: { readonly cmd: string; readonly [key: string]: unknown },
): void {
	publish(`${board.base}/cmd`, JSON.stringify({ ...value, cid: `page-${name}` }), { QoS: 1 });
}

/** False for a reader without the desk's token. */
export function writable(): boolean {
	return hello.value?.write ?? false;
}
