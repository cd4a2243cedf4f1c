/**
 * Commands on `cmd`, answers on `cmd/result`: `info`, `config`, `restart`, `forget`, `identify`; as a bare word or as
 * `{"cmd":"config","set":{…},"cid":"…"}`. Reads and answers; what a command does is its host's.
 */

import type { Received } from "../../session/options.js";
import { line } from "../description/description.js";
import { isRecord, nearest, type Problem, show, unknown, type Values } from "../description/schema.js";
import { parse } from "../json.js";
import { cidOf } from "../outputs/request.js";
import topics from "../topics.js";

export interface CommandHost {
	info(): Values;
	config(): Values;
	/** Problems, or none and it is done and stored. */
	configure(changes: Values): readonly Problem[];
	/** False when this host cannot. */
	restart(): boolean;
	forget(): void;
	/** The lamp, unless another output is named. What is wrong, if it does not blink. */
	identify(output: unknown): string | undefined;
	answer(result: Values): void;
}

const LONGEST = 4096;
const MISTAKES = 4;
/** Of a command. */
const keys: readonly string[] = Object.freeze(["cmd", "cid", "set", "output"]);
const BRIEF = 12;
export const names: readonly string[] = Object.freeze(["info", "config", "restart", "forget", "identify"]);

export default class Command {
	private readonly host: CommandHost;

	constructor(host: CommandHost) {
		this.host = host;
	}

	receive(payload: Uint8Array, { retain, duplicate }: Received): void {
		if (payload.byteLength === 0) return;
		const order = ordered(payload);
		const { cid, cmd } = order;
		const heading: Values = {
			...(cid !== undefined && { cid }),
			...(cmd !== undefined ? { cmd } : { topic: topics.command }),
		};
		const { error, ...more } = this.carryOut(order, retain, duplicate);
		this.host.answer({
			...heading,
			ok: error === undefined,
			...(error !== undefined && { error }),
			...more,
		});
	}

	private carryOut({ cmd, value, error }: Order, retain: boolean, duplicate: boolean): Values {
		// A retained `restart` would restart the board for ever.
		if (retain) return { error: "expected a live message, found a retained copy: ignored" };
		if (error !== undefined) return { error };
		switch (cmd) {
			case "info":
				return { info: this.host.info() };
			case "config":
				return this.configure(value.set);
		}
		if (duplicate) return { error: "expected a live message, found one delivered again: ignored" };
		if (cmd === "identify") {
			const wrong = this.host.identify(value.output);
			return wrong === undefined ? {} : { error: wrong };
		}
		if (cmd === "forget") this.host.forget();
		else if (!this.host.restart()) return { error: "this host cannot restart itself" };
		return {};
	}

	private configure(changes: unknown): Values {
		if (changes !== undefined) {
			if (!isRecord(changes)) return { error: `set: expected an object, found ${brief(changes)}` };
			const problems = this.host.configure(changes);
			if (problems.length) return { error: told(problems) };
		}
		return { config: this.host.config() };
	}
}

/** A few mistakes are enough for an answer, or a small message could ask for a long one. */
function told(problems: readonly Problem[]): string {
	const few = problems.slice(0, MISTAKES).map(problem => line(problem));
	const more = problems.length - few.length;
	return few.join("; ") + (more > 0 ? `; and ${more} more` : "");
}

interface Order {
	readonly cmd?: string;
	readonly cid?: string | number;
	readonly value: Values;
	readonly error?: string;
}

function ordered(payload: Uint8Array): Order {
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

/** What was found, but of a longer text only how long it is: it may be a command gone wrong, with a password in it. */
function brief(value: unknown): string {
	return typeof value === "string" && value.length > BRIEF ? `${value.length} characters` : show(value);
}

/** The command as an object, or what is wrong. */
function read(payload: Uint8Array): Values | string {
	const { text, value, error } = parse(payload, LONGEST);
	if (isRecord(value)) return value;
	if (text === undefined) return error as string;
	return text.startsWith("{") ? `${error}, found ${brief(text)}` : { cmd: text };
}
