/**
 * The live log of `npm start`: what this board writes to and reads from its broker, one line a message.
 * It listens at the board's own TCP class (ECMA-419 §10), below the firmware and above TLS, so it shows the
 * wire and not what a client meant to send, with either engine and any broker. It changes nothing.
 */

import { type IConnackPacket, type IPublishPacket, type Packet, parser } from "mqtt-packet";
import type { Kind, Options } from "./options.js";
import type { Hear } from "./tap.js";

const OUT = "→";
const IN = "←";
const NOTE = "·";
/** Payloads are cut here; a terminal line is for reading. */
const LONGEST = 200;

/** Control characters, those that turn the direction of text, and what is no character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u2028-\u202e\u2066-\u2069\ufffd]/;

export type Print = (line: string) => void;

/** What a message is about: a command is also what an output says of itself. */
export function kindOf(topic: string): Kind {
	if (/(^|\/)measurements\//.test(topic)) return "measurements";
	if (/(^|\/)alerts\//.test(topic)) return "alerts";
	return /(^|\/)(status|info)$/.test(topic) ? "status" : "commands";
}

/** The board's own line for a message: its topic, and its fate unless it was sent. */
const ownLine = /^(?:< |> (\S+) .*\(QoS \d(?:, retained)?(, queued|, dropped)?\)$)/;

/**
 * Whether a line of the board's own is for the log: not of messages that pass, which it shows as they do; of those that wait
 * where such messages are asked for; and all that were dropped.
 */
export function noteworthy(line: string, { quiet, log }: Pick<Options, "quiet" | "log">): boolean {
	const message = ownLine.exec(line);
	if (!message) return true;
	const [, topic = "", fate] = message;
	if (fate !== ", queued") return fate !== undefined;
	return !quiet && (!log || log.includes(kindOf(topic)));
}

/** The line for one packet, or `undefined` for those that say nothing to a reader (acknowledgements, pings). */
export function describe(direction: string, packet: Packet): string | undefined {
	switch (packet.cmd) {
		case "publish":
			return `${direction} ${packet.topic}  ${/(^|\/)cmd$/.test(packet.topic) ? order(packet.payload) : payload(packet.payload)}${flags(packet)}`;
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

/**
 * Of what `cmd` is told its word, and how long it is: whichever key is mistyped, a password under it is not printed.
 */
function order(bytes: string | Buffer): string {
	const text = bytes.toString();
	const [, word] =
		/^\s*\{.*?"cmd"\s*:\s*"([a-z]{1,12})"/s.exec(text) ?? /^\s*([a-z]{1,12})\s*$/.exec(text) ?? [];
	return `${word ?? "…"} (${Buffer.byteLength(bytes)} bytes)`;
}

/** The payload as text on one line; bytes that are not printable UTF-8 as a count. */
function payload(bytes: string | Buffer): string {
	const text = typeof bytes === "string" ? bytes : bytes.toString("utf8");
	if (text === "") return "(empty)";
	if (UNPRINTABLE.test(text)) return `(${Buffer.byteLength(bytes)} bytes)`;
	return text.length > LONGEST ? `${text.slice(0, LONGEST)}… (${Buffer.byteLength(bytes)} bytes)` : text;
}

/** One line, with the wall clock in front; what a terminal would obey in it is shown as its code. */
export function stamp(text: string, now = new Date()): string {
	const line = text.replace(
		new RegExp(UNPRINTABLE, "g"),
		character => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
	);
	const two = (value: number) => String(value).padStart(2, "0");
	const time = `${two(now.getHours())}:${two(now.getMinutes())}:${two(now.getSeconds())}`;
	return `${time}.${String(now.getMilliseconds()).padStart(3, "0")} ${line}`;
}

/** What hears a board's connections and prints a line for each packet that says something, of messages for those that are shown. */
export function logging(print: Print, shows: (topic: string) => boolean = () => true): () => Hear {
	return () => {
		const [toBroker, fromBroker] = [listener(OUT, print, shows), listener(IN, print, shows)];
		return (direction, bytes) => (direction === "in" ? toBroker : fromBroker)(bytes);
	};
}

/** Feeds one direction of a connection to a packet parser and prints what it finds. */
function listener(direction: string, print: Print, shows: (topic: string) => boolean) {
	const packets = parser({ protocolVersion: 4 });
	let failed = false;
	packets.on("packet", packet => {
		const line = packet.cmd === "publish" && !shows(packet.topic) ? undefined : describe(direction, packet);
		if (line) print(line);
	});
	// What the log cannot read is the client's business, not ours: it has its own parser and reports.
	packets.on("error", () => {
		failed = true;
	});
	return (bytes: Buffer) => {
		if (!failed) packets.parse(bytes);
	};
}
