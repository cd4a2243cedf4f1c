/**
 * The live log of `npm start`: what this board writes to and reads from its broker, one line a message.
 * It listens at the board's own TCP class (ECMA-419 §10), below the firmware and above TLS, so it shows the
 * wire and not what somebody meant to send, with either engine and any broker. It changes nothing.
 */

import { type IConnackPacket, type IPublishPacket, type Packet, parser } from "mqtt-packet";
import type { Device, MQTTDefaults } from "../../modules/device/io.js";
import type { ByteBuffer, TCP, TCPClass, TCPOptions, TCPWriteOptions } from "../../modules/mqtt/io.js";

const OUT = "→";
const IN = "←";
const NOTE = "·";
/** Payloads are cut here; a terminal line is for reading. */
const LONGEST = 200;

export type Print = (line: string) => void;

/** The line for one packet, or `undefined` for those that say nothing to a reader (acknowledgements, pings). */
export function describe(direction: string, packet: Packet): string | undefined {
	switch (packet.cmd) {
		case "publish":
			return `${direction} ${packet.topic}  ${payload(packet.payload)}${flags(packet)}`;
		case "connect":
			return `${NOTE} connecting as ${packet.clientId}, keep-alive ${packet.keepalive} s${packet.clean ? ", clean session" : ""}`;
		case "connack":
			return `${NOTE} ${connack(packet)}`;
		case "subscribe":
			return `${NOTE} subscribing to ${packet.subscriptions.map(({ topic, qos }) => `${topic} (QoS ${qos})`).join(", ")}`;
		case "disconnect":
			return `${NOTE} disconnecting`;
		default:
			return undefined;
	}
}

function connack({ returnCode, sessionPresent }: IConnackPacket): string {
	if (returnCode) return `connection refused by the broker, return code ${returnCode}`;
	return sessionPresent ? "connected, the broker kept our session" : "connected, new session";
}

function flags({ qos, retain, dup }: IPublishPacket): string {
	return `  [QoS ${qos}${retain ? ", retained" : ""}${dup ? ", duplicate" : ""}]`;
}

/** The payload as text on one line; bytes that are not printable UTF-8 as a count. */
function payload(bytes: string | Buffer): string {
	const text = typeof bytes === "string" ? bytes : bytes.toString("utf8");
	if (text === "") return "(empty)";
	// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
	if (/[\u0000-\u001f\u007f\ufffd]/.test(text)) return `(${Buffer.byteLength(bytes)} bytes)`;
	return text.length > LONGEST ? `${text.slice(0, LONGEST)}… (${Buffer.byteLength(bytes)} bytes)` : text;
}

/** One line, with the wall clock in front. */
export function stamp(line: string, now = new Date()): string {
	const two = (value: number) => String(value).padStart(2, "0");
	const time = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
	return `${time}.${String(now.getMilliseconds()).padStart(3, "0")} ${line}`;
}

/** Feeds one direction of a connection to a packet parser and prints what it finds. */
class Listener {
	readonly #parser = parser({ protocolVersion: 4 });
	#failed = false;

	constructor(direction: string, print: Print) {
		this.#parser.on("packet", packet => {
			const line = describe(direction, packet);
			if (line) print(line);
		});
		// What the log cannot read is the client's business, not ours: it has its own parser and reports.
		this.#parser.on("error", () => {
			this.#failed = true;
		});
	}
	hear(data: ByteBuffer | number): void {
		if (this.#failed) return;
		const bytes =
			typeof data === "number"
				? Buffer.of(data)
				: data instanceof ArrayBuffer
					? Buffer.from(data.slice(0))
					: // A copy: the owner reuses its buffer while the parser may still hold a part of it.
						Buffer.from(Buffer.from(data.buffer, data.byteOffset, data.byteLength));
		this.#parser.parse(bytes);
	}
}

/** `Base` with a listener on both directions. */
export function tapped(Base: TCPClass, print: Print): TCPClass {
	return class extends (Base as new (options: TCPOptions) => TCP) {
		readonly #out = new Listener(OUT, print);
		readonly #in = new Listener(IN, print);

		override read(request?: ByteBuffer | number): never {
			const result = super.read(request as number);
			if (request !== undefined && typeof request !== "number") {
				if (typeof result === "number") this.#in.hear(view(request, result));
			} else if (result !== undefined) this.#in.hear(result);
			return result as never;
		}
		override write(data: ByteBuffer | number, options?: TCPWriteOptions): number {
			const writable = super.write(data, options);
			this.#out.hear(data);
			return writable;
		}
	} as TCPClass;
}

function view(buffer: ByteBuffer, byteLength: number): Uint8Array {
	if (buffer instanceof ArrayBuffer) return new Uint8Array(buffer, 0, byteLength);
	return new Uint8Array(buffer.buffer, buffer.byteOffset, byteLength);
}

/** `device` with its connections tapped. */
export function listening(device: Device, print: Print): Device {
	const tap = ({ client }: { client: MQTTDefaults }) => ({
		client: { ...client, socket: { ...client.socket, io: tapped(client.socket.io, print) } },
	});
	const { mqtt, mqtts } = device.network;
	return {
		...device,
		network: { ...device.network, mqtt: tap(mqtt), ...(mqtts && { mqtts: tap(mqtts) }) },
	};
}
