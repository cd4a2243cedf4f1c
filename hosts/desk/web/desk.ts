/**
 * The page of a desk, put together: its server, the way to the broker, and what the desk tells on `/desk`.
 */

import { randomBytes } from "node:crypto";
import { isIP } from "node:net";
import type { WebSocket } from "ws";
import { type BrokerAddress, bridge } from "./bridge.js";
import type { FromDesk } from "./protocol.js";
import { type Page, servePage } from "./server.js";

export interface DeskOptions {
	readonly host: string;
	readonly port: number;
	readonly broker: BrokerAddress;
	/** For people: without anything secret. */
	readonly brokerName: string;
	/** The desk runs the broker. */
	readonly own: boolean;
}

/** Rejects with the system's error when no port is free. */
export async function openPage(options: DeskOptions): Promise<Page> {
	const { host, port, broker, brokerName, own } = options;
	const open = !isLoopback(host);
	return servePage({
		host,
		port,
		...(open && { token: randomBytes(16).toString("base64url") }),
		onMQTT: (socket, write) => bridge(socket, broker, write),
		onDesk: (socket, write) => tell(socket, { type: "hello", broker: brokerName, own, write }),
	});
}

function tell(socket: WebSocket, message: FromDesk): void {
	socket.send(JSON.stringify(message));
}

function isLoopback(host: string): boolean {
	return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
