/** What one message may do to the engine, for json.test.ts to run in XS itself. */

import { readOrder } from "../../modules/device/commands/command.js";
import { Names } from "../../modules/device/json.js";
import { parseRequest } from "../../modules/device/outputs/set.js";
import { encode } from "../../modules/mqtt/codec.js";

const names = new Names({ knows: () => true });

/** `head` and so many times `piece`. */
function message(head: string, piece: string, count: number): Uint8Array {
	return encode(head + piece.repeat(count));
}

export function request(head: string, piece: string, count: number): string | undefined {
	const request = parseRequest(message(head, piece, count), names);
	return "error" in request ? request.error : undefined;
}

export function command(head: string, piece: string, count: number): string | undefined {
	return readOrder(message(head, piece, count), names).error;
}
