/** What one message may do to the engine, for json.test.ts to run in XS itself. */

import Command from "../../modules/device/commands/command.js";
import type { Values } from "../../modules/device/description/schema.js";
import { parseWish } from "../../modules/device/outputs/request.js";
import { encode } from "../../modules/mqtt/text.js";

/** `head` and so many times `piece`. */
function message(head: string, piece: string, count: number): Uint8Array {
	return encode(head + piece.repeat(count));
}

export function wish(head: string, piece: string, count: number): string | undefined {
	const wish = parseWish(message(head, piece, count));
	return "error" in wish ? wish.error : undefined;
}

export function command(head: string, piece: string, count: number): string | undefined {
	let answer: Values = {};
	const nothing = () => {
		throw new Error("not to be called");
	};
	const host = {
		info: nothing,
		config: nothing,
		configure: nothing,
		restart: nothing,
		forget: nothing,
		identify: nothing,
		answer: (result: Values) => {
			answer = result;
		},
	};
	new Command(host).receive(message(head, piece, count), { QoS: 1, retain: false, duplicate: false, id: 1 });
	return answer.error as string | undefined;
}
