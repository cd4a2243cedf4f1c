/**
 * Joins a client of the page's to the broker: MQTT packets in WebSocket messages on one side, a connection of hosts/node
 * on the other, to this one address and no other. What the page sends is read packet by packet, so that the broker's
 * user and password are put into CONNECT here and never reach the page, and so that a reader without the token can
 * neither publish nor take the place of a board. What the broker sends passes as it is.
 */

import { generate, type IConnectPacket, type Packet, parser } from "mqtt-packet";
import type { RawData, WebSocket } from "ws";
import type { TCP as TCPPattern } from "../../../modules/mqtt/io.js";
import { Resolver } from "../../node/resolver.js";
import { type NodeTCPOptions, TCP } from "../../node/tcp.js";
import { type Credentials, TLS } from "../../node/tls.js";

export interface BrokerAddress {
	readonly host: string;
	readonly port: number;
	readonly secure: boolean;
	readonly user?: string;
	readonly password?: string;
	readonly tls?: Credentials;
}

/** Bytes that may wait for the page before the broker has to wait too. */
const AHEAD = 1 << 20;
/** Bytes that may wait for the broker before the page has to. */
const BEHIND = 1 << 20;
const LATER = 20;
/** WebSocket close codes of our own, 4000 to 4999, with a reason to read. */
const BROKER_GONE = 4001;
const REFUSED = 4003;

export function bridge(page: WebSocket, broker: BrokerAddress, write: boolean): void {
	new Bridge(page, broker, write);
}

class Bridge {
	readonly #page: WebSocket;
	readonly #broker: BrokerAddress;
	readonly #write: boolean;
	readonly #parser = parser({ protocolVersion: 4 });
	readonly #resolver = new Resolver({});
	#socket: TCPPattern | undefined;
	#writable = 0;
	#queue: Buffer[] = [];
	#queued = 0;
	#version = 4;
	#ended = false;
	#waiting = false;

	constructor(page: WebSocket, broker: BrokerAddress, write: boolean) {
		this.#page = page;
		this.#broker = broker;
		this.#write = write;
		this.#parser.on("packet", packet => this.#packet(packet));
		this.#parser.on("error", error => this.#end(REFUSED, `not MQTT: ${error.message}`));
		page.on("message", data => {
			if (!this.#ended) this.#parser.parse(bytesOf(data));
		});
		page.on("close", () => this.#end());
		this.#resolver.resolve({ host: broker.host }, (error, address) => {
			if (error || !address) this.#end(BROKER_GONE, error?.message ?? "unknown name");
			else this.#connect(address);
		});
	}

	#connect(address: string): void {
		const { host, port, secure, tls } = this.#broker;
		const options: NodeTCPOptions = {
			address,
			port,
			noDelay: true,
			writeBuffer: 1 << 18,
			onReadable: () => this.#receive(),
			onWritable: count => this.#flush(count),
			onError: reason => this.#end(BROKER_GONE, (reason as Error | undefined)?.message),
		};
		try {
			this.#socket = secure ? new TLS({ ...options, tls: { host, ...tls } }) : new TCP(options);
		} catch (error) {
			this.#end(BROKER_GONE, (error as Error).message);
		}
	}

	#receive(): void {
		// Left in the socket until the page has taken what is on its way; the socket then stops reading too.
		if (this.#ended || this.#waiting) return;
		if (this.#page.bufferedAmount > AHEAD) {
			this.#waiting = true;
			setTimeout(() => {
				this.#waiting = false;
				this.#receive();
			}, LATER);
			return;
		}
		const bytes = this.#socket?.read() as ArrayBuffer | undefined;
		if (bytes) this.#page.send(new Uint8Array(bytes));
	}

	#packet(packet: Packet): void {
		if (this.#ended) return;
		const wrong = this.#write ? undefined : forbidden(packet);
		if (wrong) {
			this.#end(REFUSED, wrong);
			return;
		}
		if (packet.cmd === "connect") {
			this.#version = packet.protocolVersion ?? 4;
			this.#send(withCredentials(packet, this.#broker));
		} else this.#send(packet);
	}

	#send(packet: Packet): void {
		const bytes = generate(packet, { protocolVersion: this.#version });
		this.#queue.push(bytes);
		this.#queued += bytes.byteLength;
		this.#flush(this.#writable);
		if (this.#queued > BEHIND) this.#page.pause();
	}

	#flush(writable: number): void {
		this.#writable = writable;
		while (this.#socket && this.#writable > 0 && this.#queue.length) {
			const first = this.#queue[0] as Buffer;
			const part = first.subarray(0, this.#writable);
			if (part.byteLength === first.byteLength) this.#queue.shift();
			else this.#queue[0] = first.subarray(part.byteLength);
			this.#queued -= part.byteLength;
			this.#writable = this.#socket.write(part);
		}
		if (this.#queued <= BEHIND && this.#page.isPaused) this.#page.resume();
	}

	#end(code?: number, reason = "the broker closed the connection"): void {
		if (this.#ended) return;
		this.#ended = true;
		this.#resolver.close();
		this.#socket?.close();
		// 123 bytes is what a close frame takes.
		if (code) this.#page.close(code, Buffer.from(reason).subarray(0, 100).toString());
	}
}

/** Why a reader may not send this. */
function forbidden(packet: Packet): string | undefined {
	if (packet.cmd === "publish") return "read only: open the page with its token to publish";
	if (packet.cmd !== "connect") return undefined;
	if (!packet.clientId.startsWith("page-")) return "read only: expected a client id that begins with page-";
	if (packet.will) return "read only: expected no will";
	return packet.clean ? undefined : "read only: expected a clean session";
}

function withCredentials(packet: IConnectPacket, { user, password }: BrokerAddress): IConnectPacket {
	if (user === undefined || packet.username !== undefined) return packet;
	return { ...packet, username: user, ...(password !== undefined && { password: Buffer.from(password) }) };
}

function bytesOf(data: RawData): Buffer {
	if (Array.isArray(data)) return Buffer.concat(data);
	return Buffer.isBuffer(data) ? data : Buffer.from(data);
}
