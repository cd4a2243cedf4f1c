/**
 * The desk's end of `/desk`: tells every page what only the desk knows, and does what a page that may write asks for.
 * Messages are in protocol.ts; what comes from a page is checked here, and what it means is others' business.
 */

import type { WebSocket } from "ws";
import type { FromDesk, Hello, ToDesk, WireLine } from "./protocol.js";

export interface ChannelOptions {
	readonly hello: Omit<Hello, "type" | "write">;
	/** How things are, for a page that has just come. */
	readonly state: () => readonly FromDesk[];
	readonly wire: () => readonly WireLine[];
	/** Rejects with what is wrong. */
	readonly onRequest: (request: Exclude<ToDesk, { type: "watch" }>) => Promise<void>;
}

/** Milliseconds between two messages with packets, and how many packets one has. */
const EVERY = 100;
const MOST = 400;
/** Bytes that may wait for a page that does not read; beyond, it is told nothing more. */
const BEHIND = 4 << 20;

interface Client {
	readonly socket: WebSocket;
	wire: boolean;
}

export class Channel {
	readonly #options: ChannelOptions;
	readonly #clients = new Set<Client>();
	#lines: WireLine[] = [];
	#skipped = 0;
	#due: NodeJS.Timeout | undefined;

	constructor(options: ChannelOptions) {
		this.#options = options;
	}

	add(socket: WebSocket, write: boolean): void {
		const client: Client = { socket, wire: false };
		this.#clients.add(client);
		socket.on("close", () => this.#clients.delete(client));
		socket.on("message", data => this.#request(client, write, String(data)));
		this.#send(client, { type: "hello", write, ...this.#options.hello });
		for (const message of this.#options.state()) this.#send(client, message);
	}

	tell(message: FromDesk): void {
		for (const client of this.#clients) this.#send(client, message);
	}

	/** A packet has passed. Told in batches, to those who watch. */
	packet(line: WireLine): void {
		if (this.#lines.length < MOST) this.#lines.push(line);
		else this.#skipped++;
		this.#due ??= setTimeout(() => this.#tellWire(), EVERY);
	}

	close(): void {
		clearTimeout(this.#due);
	}

	#tellWire(): void {
		this.#due = undefined;
		const message = { type: "wire", lines: this.#lines, skipped: this.#skipped } as const;
		this.#lines = [];
		this.#skipped = 0;
		for (const client of this.#clients) if (client.wire) this.#send(client, message);
	}

	#request(client: Client, write: boolean, text: string): void {
		const request = read(text);
		if (request?.type === "watch") {
			client.wire = request.wire;
			if (request.wire) this.#send(client, { type: "wire", lines: this.#options.wire(), skipped: 0 });
			return;
		}
		const refuse = (reason: string) => this.#send(client, { type: "failure", reason });
		if (!request) refuse("not understood");
		else if (!write) refuse("read only: open the page with its token");
		else this.#options.onRequest(request).catch((error: Error) => refuse(error.message));
	}

	#send({ socket }: Client, message: FromDesk): void {
		if (socket.bufferedAmount < BEHIND) socket.send(JSON.stringify(message));
	}
}

type Kind = "boolean" | "number" | "string";
const forms: { readonly [type: string]: { readonly [key: string]: Kind } } = {
	watch: { wire: "boolean" },
	board: { base: "string", power: "boolean", cut: "boolean", delay: "number" },
	add: { count: "number" },
	remove: { base: "string" },
	broker: { running: "boolean", refusing: "boolean", forget: "boolean" },
};
const required: readonly string[] = ["base", "count", "wire"];

/** The request in a message, if it has the form of one. */
export function read(text: string): ToDesk | undefined {
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch {
		return undefined;
	}
	if (typeof value !== "object" || value === null) return undefined;
	const { type, ...rest } = value as { readonly [key: string]: unknown };
	const form = typeof type === "string" && Object.hasOwn(forms, type) ? forms[type] : undefined;
	if (!form) return undefined;
	for (const [key, one] of Object.entries(rest)) {
		if (!Object.hasOwn(form, key) || typeof one !== form[key]) return undefined;
		if (typeof one === "number" && !(one >= 0 && one <= 60_000)) return undefined;
	}
	for (const key of Object.keys(form)) if (required.includes(key) && !(key in rest)) return undefined;
	return value as ToDesk;
}
