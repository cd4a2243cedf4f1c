/**
 * Commands on `cmd` and their answers on `cmd/result`: a bare word such as `info`, or `{"cmd":"config","set":{…},"cid":"…"}`.
 * Reads a message, refuses one that is malformed or old, and answers it. What a command does is in control.ts.
 */

import type { Received } from "../../session/options.js";
import { line } from "../description/description.js";
import { words } from "../description/fields.js";
import { isRecord, nearest, type Problem, show, unknown, type Values } from "../description/schema.js";
import { parse } from "../json.js";
import { cidOf } from "../outputs/request.js";
import type Publisher from "../publisher.js";
import topics from "../topics.js";
import type Control from "./control.js";

const LONGEST = 4096;
const MISTAKES = 4;
/** The keys of a command. */
const keys: readonly string[] = Object.freeze(["cmd", "cid", "set", "output", "all"]);
const BRIEF = 12;
const names: readonly string[] = Object.freeze(words.filter(word => word !== "provision"));

export default class Command {
	private readonly control: Control;
	private readonly publisher: Pick<Publisher, "answer">;

	constructor(control: Control, publisher: Pick<Publisher, "answer">) {
		this.control = control;
		this.publisher = publisher;
	}

	receive(payload: Uint8Array, { retain, duplicate }: Received): void {
		if (payload.byteLength === 0) return;
		const order = readOrder(payload);
		const { cid, cmd } = order;
		const heading: Values = {
			...(cid !== undefined && { cid }),
			...(cmd !== undefined ? { cmd } : { topic: topics.command }),
		};
		const { error, ...more } = this.carryOut(order, retain, duplicate);
		this.publisher.answer({
			...heading,
			ok: error === undefined,
			...(error !== undefined && { error }),
			...more,
		});
	}

	private carryOut({ cmd, value, error }: Order, retain: boolean, duplicate: boolean): Values {
		// A retained `restart` would restart the board again and again.
		if (retain) return { error: "expected a live message, found a retained copy: ignored" };
		if (cmd === undefined || error !== undefined) return { error };
		if (cmd === "help") return { help: this.control.help };
		if (!this.control.allows(cmd))
			return { error: `cmd: expected one that the description's \`commands\` allows, found "${cmd}"` };
		switch (cmd) {
			case "info":
				return { info: this.control.info };
			case "config":
				return this.configure(value.set);
		}
		if (duplicate) return { error: "expected a live message, found one delivered again: ignored" };
		if (cmd === "identify") {
			const wrong = this.control.identify(value.output);
			return wrong === undefined ? {} : { error: wrong };
		}
		if (cmd === "forget") {
			const { all = false } = value;
			if (typeof all !== "boolean") return { error: `all: expected true or false, found ${brief(all)}` };
			this.control.forget(all);
		} else if (!this.control.restart()) return { error: "this host cannot restart itself" };
		return {};
	}

	private configure(changes: unknown): Values {
		if (changes !== undefined) {
			if (!isRecord(changes)) return { error: `set: expected an object, found ${brief(changes)}` };
			const problems = this.control.configure(changes);
			if (problems.length) return { error: told(problems) };
		}
		return { config: this.control.config };
	}
}

/** A few mistakes only, or a small message could cause a long answer. */
function told(problems: readonly Problem[]): string {
	const few = problems.slice(0, MISTAKES).map(problem => line(problem));
	const more = problems.length - few.length;
	return few.join("; ") + (more > 0 ? `; and ${more} more` : "");
}

/** A command as it was read; with an `error` it is not carried out. */
export interface Order {
	readonly cmd?: string;
	readonly cid?: string | number;
	readonly value: Values;
	readonly error?: string;
}

export function readOrder(payload: Uint8Array): Order {
	const value = read(payload);
	if (typeof value === "string") return { value: {}, error: value };
	const cid = cidOf(value.cid);
	const head = { value, ...(cid !== undefined && { cid }) };
	const { cmd } = value;
	if (typeof cmd === "string" && names.includes(cmd)) {
		const problems: Problem[] = [];
		for (const key of Object.keys(value)) if (!keys.includes(key)) unknown(problems, key, key, keys);
		return { ...head, cmd, ...(problems.length && { error: told(problems) }) };
	}
	const close = typeof cmd === "string" ? nearest(cmd, names) : undefined;
	const hint = close ? `, perhaps "${close}"` : "";
	return { ...head, error: `cmd: expected one of ${names.join(", ")}${hint}, found ${brief(cmd)}` };
}

/** As `show`, but of a longer text only its length: it may be a mistyped command with a password in it. */
function brief(value: unknown): string {
	return typeof value === "string" && value.length > BRIEF ? `${value.length} characters` : show(value);
}

/** The command as an object, or the mistake. */
function read(payload: Uint8Array): Values | string {
	const { text, value, error } = parse(payload, LONGEST);
	if (isRecord(value)) return value;
	if (text === undefined) return error as string;
	return text.startsWith("{") ? `${error}, found ${brief(text)}` : { cmd: text };
}
