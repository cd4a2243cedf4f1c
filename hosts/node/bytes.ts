/**
 * ECMA-419 "Byte Buffer" (§6) and IP addresses (§6) at Node's border: views of what callers hand in, copies of what
 * is kept. A DataView or a typed array restricts to its own window.
 */

import { isIP, SocketAddress } from "node:net";
import type { ByteBuffer } from "../../modules/mqtt/io.js";

export function isByteBuffer(value: unknown): value is ByteBuffer {
	return (
		value instanceof ArrayBuffer ||
		value instanceof SharedArrayBuffer ||
		value instanceof Uint8Array ||
		value instanceof Int8Array ||
		value instanceof DataView
	);
}

/** The bytes of `value`, not copied. Throws TypeError where it is no Byte Buffer. */
export function view(value: unknown): Uint8Array {
	if (!isByteBuffer(value)) throw new TypeError("expected a Byte Buffer");
	return ArrayBuffer.isView(value)
		? new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
		: new Uint8Array(value);
}

/** The standard's form of an address: IPv6 as eight groups of four lower-case digits. */
export function normal(address: string): string {
	if (isIP(address) !== 6) return address;
	// SocketAddress writes an embedded IPv4 address as groups and drops the zone.
	const [head = "", tail = ""] = new SocketAddress({
		address: address.split("%", 1)[0],
		family: "ipv6",
	}).address.split("::");
	const groups = (text: string) =>
		text
			.split(":")
			.filter(Boolean)
			.flatMap(group => (group.includes(".") ? embedded(group) : [group]));
	const first = groups(head);
	const last = groups(tail);
	const middle = Array<string>(8 - first.length - last.length).fill("0");
	return [...first, ...middle, ...last].map(group => group.padStart(4, "0")).join(":");
}

function embedded(address: string): string[] {
	const [a = 0, b = 0, c = 0, d = 0] = address.split(".").map(Number);
	return [((a << 8) | b).toString(16), ((c << 8) | d).toString(16)];
}
