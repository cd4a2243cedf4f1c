/**
 * The page's end of `/desk`: what only the desk knows (web/protocol.ts), as signals. Connects again when it is lost.
 */

import { type Signal, signal } from "@preact/signals";
import type { AccountMessage, FromDesk, Hello, State, ToDesk } from "../web/protocol.js";

const AGAIN = 1500;
const token = new URLSearchParams(location.search).get("token");

/** Of one of the desk's two WebSockets. */
export function addressOf(path: "mqtt" | "desk"): string {
	return `ws://${location.host}/${path}${token ? `?token=${encodeURIComponent(token)}` : ""}`;
}

export const hello: Signal<Hello | undefined> = signal(undefined);
/** The desk itself answers. */
export const reached = signal(false);
/** Virtual boards and the broker. */
export const state: Signal<State | undefined> = signal(undefined);
export const account: Signal<AccountMessage | undefined> = signal(undefined);
/** What the desk could not do, last. */
export const failure = signal("");

let socket: WebSocket | undefined;

export function ask(request: ToDesk): void {
	failure.value = "";
	if (socket?.readyState === WebSocket.OPEN) socket.send(JSON.stringify(request));
}

const listeners = new Set<(message: FromDesk) => void>();

export function listen(listener: (message: FromDesk) => void): () => void {
	listeners.add(listener);
	return () => void listeners.delete(listener);
}

/** Called each time the desk answers anew. */
export const returns = new Set<() => void>();

export function open(): void {
	socket = new WebSocket(addressOf("desk"));
	socket.onopen = () => {
		reached.value = true;
		for (const back of returns) back();
	};
	socket.onmessage = ({ data }: MessageEvent<string>) => {
		const message = JSON.parse(data) as FromDesk;
		if (message.type === "hello") hello.value = message;
		else if (message.type === "state") state.value = message;
		else if (message.type === "account") account.value = message;
		else if (message.type === "failure") failure.value = message.reason;
		for (const listener of listeners) listener(message);
	};
	socket.onclose = () => {
		reached.value = false;
		setTimeout(open, AGAIN);
	};
}
