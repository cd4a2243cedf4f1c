/**
 * Commands on `cmd` and their answers on `cmd/result` (TOPICS.md, "cmd"): a bare word such as `info`, or
 * `{"cmd":"config","set":{…},"cid":"…"}`. Refuses a command that is malformed, old, or not among the description's `commands`; carries out
 * the others, and answers each. Which settings exist is in description/schema.ts, what a change of network or broker must look like in
 * provisioning/check.ts, how a board is forgotten in decommission.ts.
 */

import type { Received } from "../../session/options.js";
import { line, type Settings, unstored } from "../description/description.js";
import { settings as changeable, words } from "../description/schema.js";
import { nearest, type Problem, show, unknownKeys } from "../description/validate.js";
import type { Device, Texts } from "../io.js";
import { isRecord, type Names, parse, type Values } from "../json.js";
import { hashOf, type default as Memory, type Room } from "../memory.js";
import type Output from "../outputs/output.js";
import { cidOf, notLive } from "../outputs/set.js";
import { mistakes, shown } from "../provisioning/check.js";
import type Publisher from "../publisher.js";
import type Sensor from "../sensors/sensor.js";
import topics from "../topics.js";
import type Decommission from "./decommission.js";

const LONGEST = 4096;
const MISTAKES = 4;
const BRIEF = 12;
/** The record of the command that was begun, and how often it may be. */
const BEGUN = "begun";
const MOST = 2;
const DEADLY =
	"expected a command that this board survives, found one that was begun twice and never finished";
export const begunRoom: Room = Object.freeze([BEGUN, 24] as const);
const keys: readonly string[] = Object.freeze(["cmd", "cid", "set", "output", "all"]);
const verbs: readonly string[] = Object.freeze(words.filter(word => word !== "provision"));

export interface CommandOptions {
	readonly device: Device;
	readonly memory: Memory;
	readonly names: Names;
	readonly publisher: Pick<Publisher, "answer" | "retaining">;
	readonly settings: Settings;
	/** The content of `info`, as it is now. */
	readonly info: Values;
	readonly sensors: readonly Pick<Sensor, "adopt" | "close">[];
	readonly outputs: readonly Pick<Output, "name" | "description" | "configure" | "identify">[];
	/** Of features. */
	readonly parts: readonly { configured?(): void }[];
	readonly decommission: Pick<Decommission, "begin">;
	/** A moment later, so that the answer goes first. False when this host cannot. */
	readonly restart: () => boolean;
}

export default class Command {
	private readonly options: CommandOptions;

	constructor(options: CommandOptions) {
		this.options = options;
	}

	/** Acknowledged once this has returned: a command that a power cut interrupts comes again, with DUP. */
	receive(payload: Uint8Array, { retain, duplicate }: Received): void {
		const { memory, names, publisher } = this.options;
		// `forget` clears this topic too.
		if (payload.byteLength === 0 && !publisher.retaining) return;
		if (!begin(memory, payload)) {
			publisher.answer({ topic: topics.command, ok: false, error: DEADLY });
			return;
		}
		try {
			const order = readOrder(payload, names);
			const answer = this.carryOut(order, retain, duplicate);
			const { cid, cmd } = order;
			const topic = cmd === undefined ? topics.command : undefined;
			publisher.answer({ cid, cmd, topic, ok: answer.error === undefined, ...answer });
		} finally {
			memory.delete(BEGUN);
		}
	}

	/** Carries out a command that came by another way, and once. The answer, or the `error`: then nothing was done. */
	perform(value: Values): Values {
		return this.carryOut(orderOf(value), false, false);
	}

	/** The description allows this word. */
	private allows(word: string): boolean {
		return this.options.settings.current.commands.includes(word);
	}

	/** The answer, or the `error`: then nothing was done. */
	private carryOut({ cmd, value, error }: Order, retain: boolean, duplicate: boolean): Values {
		// A retained `restart` would restart the board again and again.
		if (retain) return { error: notLive("a retained copy") };
		if (cmd === undefined || error !== undefined) return { error };
		if (cmd === "help") return { help: this.help() };
		if (!this.allows(cmd))
			return { error: `cmd: expected one that the description's \`commands\` allows, found "${cmd}"` };
		if (cmd === "info") return { info: this.options.info };
		if (cmd === "config") return this.config(value.set);
		if (cmd === "forget") return { error: this.forget(value.all) };
		// Perhaps it was done. What is above does no more the second time.
		if (duplicate) return { error: notLive("one delivered again") };
		if (cmd === "identify") return { error: this.identify(value.output) };
		return { error: this.options.restart() ? undefined : "this host cannot restart itself" };
	}

	/** The words and settings that a message may use. Copies: XS does not stringify objects that lie in flash. */
	private help(): Values {
		const { device, settings } = this.options;
		const set: { [section: string]: readonly string[] } = {};
		Object.keys(changeable).forEach(section => {
			set[section] = Object.keys(changeable[section] as object);
		});
		if (this.allows("provision") && device.provision) set.provision = device.provision.keys.slice();
		const allowed = settings.current.commands.filter(word => word !== "provision" && word !== "help");
		return { cmd: ["help", ...allowed], ...(this.allows("config") && { set }) };
	}

	private config(changes: unknown): Values {
		const { device, settings } = this.options;
		if (changes !== undefined && !isRecord(changes))
			return { error: `set: expected an object, found ${brief(changes)}` };
		const problems = changes ? this.configure(changes) : [];
		if (problems.length) return { error: told(problems) };
		const provision = device.provision && { provision: shown(device.provision) };
		const watches: { [alert: string]: string } = {};
		settings.current.alerts.forEach(({ name, sensor }) => {
			watches[name] = sensor;
		});
		return { config: { ...settings.readable, ...provision }, watches };
	}

	/** Returns the problems, or none: then the changes are stored and in force. */
	private configure({ provision, ...changes }: Values): readonly Problem[] {
		const { device, settings, sensors, outputs, parts } = this.options;
		if (provision !== undefined) {
			if (!this.allows("provision"))
				return [{ key: "provision", expected: "nothing", found: "something that `commands` does not allow" }];
			const problems = mistakes(provision, settings.current, device);
			if (problems.length) return problems;
		}
		if (Object.keys(changes).length) {
			const problems = settings.change(changes);
			if (problems.length) return problems;
			const current = settings.current;
			sensors.forEach(sensor => sensor.adopt(current));
			outputs.forEach(output => {
				const own = current.actuators.find(({ name }) => name === output.name) ?? current.lamp;
				if (own) output.configure(own);
			});
			parts.forEach(part => part.configured?.());
		}
		if (provision === undefined) return [];
		const stored = provision ? device.provision?.propose(provision as Texts) : device.provision?.drop();
		return stored ? [] : unstored("provision");
	}

	/** The lamp, unless another output is named. Returns the mistake, if it does not blink. */
	private identify(name: unknown = "lamp"): string | undefined {
		// A garage door must not move to show where it is.
		const able = this.options.outputs.filter(({ description }) => !description.liveOnly);
		const output = able.find(output => output.name === name);
		output?.identify();
		if (output) return undefined;
		const known = able.map(({ name }) => name).join(", ");
		if (!known) return "output: expected an output that is not liveOnly to blink, found none";
		return `output: expected one of ${known}, found ${brief(name)}`;
	}

	/** `all`: also topics that others have retained for this board. */
	private forget(all: unknown = false): string | undefined {
		const { device, sensors, decommission } = this.options;
		if (typeof all !== "boolean") return `all: expected true or false, found ${brief(all)}`;
		sensors.forEach(sensor => sensor.close());
		if (!decommission.begin(all)) device.trace?.("forget: could not be stored, a restart will not know it");
		return undefined;
	}
}

/** A few mistakes only, or a small message could cause a long answer. */
const told = (problems: readonly Problem[]): string => {
	const few = problems.slice(0, MISTAKES).map(problem => line(problem));
	const more = problems.length - few.length;
	return few.join("; ") + (more > 0 ? `; and ${more} more` : "");
};

/**
 * The command may be carried out. False the third time, and then it counts as a new one. A command that ends the machine is never
 * acknowledged, so the broker delivers it again at each start: it is counted before it is carried out. By its bytes, since brokers
 * may redeliver under another identifier and without DUP.
 */
export const begin = (memory: Memory, payload: Uint8Array): boolean => {
	const c = hashOf(payload);
	const last = memory.get(BEGUN);
	const n = last.c === c && typeof last.n === "number" ? last.n + 1 : 1;
	if (n > MOST) memory.delete(BEGUN);
	else memory.put(BEGUN, { c, n });
	return n <= MOST;
};

/** A command as it was read; with an `error` it is not carried out. */
export interface Order {
	readonly cmd?: string | undefined;
	readonly cid?: string | number | undefined;
	readonly value: Values;
	readonly error?: string | undefined;
}

export const readOrder = (payload: Uint8Array, names: Names): Order => {
	const { text, value, error } = parse(payload, LONGEST, names);
	if (isRecord(value)) return orderOf(value);
	// A bare word, or an object that is none.
	if (text !== undefined && !text.startsWith("{")) return orderOf({ cmd: text });
	return { value: {}, error: text === undefined ? error : `${error}, found ${brief(text)}` };
};

const orderOf = (value: Values): Order => {
	const cid = cidOf(value.cid);
	const { cmd } = value;
	if (typeof cmd === "string" && verbs.includes(cmd)) {
		const problems: Problem[] = [];
		unknownKeys(problems, "", value, keys);
		return { value, cid, cmd, error: problems.length ? told(problems) : undefined };
	}
	const close = typeof cmd === "string" ? nearest(cmd, verbs) : undefined;
	const hint = close ? `, perhaps "${close}"` : "";
	return { value, cid, error: `cmd: expected one of ${verbs.join(", ")}${hint}, found ${brief(cmd)}` };
};

/** As `show`, but of a longer text only its length: it may be a mistyped command with a password in it. */
const brief = (value: unknown): string =>
	typeof value === "string" && value.length > BRIEF ? `${value.length} characters` : show(value);
