/**
 * The page's end of `/desk`: what only the desk knows (web/protocol.ts), as signals. Connects again when it is lost.
 */

import { type Signal, signal } from "@preact/signals";
import type { FromDesk, Hello } from "../web/protocol.js";

const AGAIN = 1500;
const token = new URLSearchParams(location.search).get("token");

/** Of one of the desk's two WebSockets. */
export function addressOf(path: "mqtt" | "desk"): string {
	return `ws://${location.host}/${path}${token ? `?token=${encodeURIComponent(token)}` : ""}`;
}

export const hello: Signal<Hello | undefined> = signal(undefined);
/** The desk itself answers. */
export const reached = signal(false);

const listeners = new Set<(message: FromDesk) => void>();

export function listen(listener: (message: FromDesk) => void): () => void {
	listeners.add(listener);
	return () => void listeners.delete(listener);
}

export function open(): void {
	const socket = new WebSocket(addressOf("desk"));
	socket.onopen = () => {
		reached.value = true;
	};
	socket.onmessage = ({ data }: MessageEvent<string>) => {
		const message = JSON.parse(data) as FromDesk;
		if (message.type === "hello") hello.value = message;
		for (const listener of listeners) listener(message);
	};
	socket.onclose = () => {
		reached.value = false;
		setTimeout(open, AGAIN);
	};
}
