/**
 * Commands on `cmd` and their answers on `cmd/result` (TOPICS.md, "cmd"): a bare word such as `info`, or
 * `{"cmd":"config","set":{…},"cid":"…"}`. Refuses a command that is malformed, old, or not among the description's `commands`; carries out
 * the others, and answers each. Of `config` it checks and shows network, broker and identity without their secrets; when they hold is in
 * provisioning/trial.ts, which settings exist in description/schema.ts. How a board is forgotten is in decommission.ts.
 */

import { encode } from "../../mqtt/codec.js";
import type { Received } from "../../session/options.js";
import { addresses, parseAddress, publicAddress } from "../broker.js";
import { check, type Description, line, type Settings, unstored } from "../description/description.js";
import { settings as changeable, words } from "../description/schema.js";
import { nearest, type Problem, report, show, unknown, unknownKeys } from "../description/validate.js";
import type { Device, Provision, Texts } from "../io.js";
import { isRecord, type Names, parse, type Values } from "../json.js";
import { hashOf, type default as Memory, type Room } from "../memory.js";
import type Output from "../outputs/output.js";
import { cidOf, notLive } from "../outputs/set.js";
import { overlaid } from "../provisioning/trial.js";
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
		const provision = device.provision && { provision: provisionShown(device.provision) };
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
			const problems = provisionMistakes(provision, settings.current, device);
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

/** The mistakes in changes of network, broker and identity; none: they may be tried. */
const provisionMistakes = (changes: unknown, description: Description, device: Device): Problem[] => {
	const { provision, network } = device;
	const wrong = (expected: string) => [
		{ key: "provision", expected, found: isRecord(changes) ? "an object" : "something else" },
	];
	if (!provision?.keys.length) return wrong("nothing: this host is told when it is started");
	if (provision.trying) return wrong("nothing while it is on trial");
	if (changes === null) return [];
	if (!isRecord(changes)) return wrong("an object, or null to take back what the next start would try");
	const problems: Problem[] = [];
	Object.keys(changes).forEach(key => {
		const text = changes[key];
		const expected = text === null ? undefined : wanted(key, text);
		if (!provision.keys.includes(key)) unknown(problems, `provision.${key}`, key, provision.keys);
		// The value is not repeated: it may be a secret.
		else if (expected) report(problems, `provision.${key}`, expected, "…");
	});
	if (problems.length) return problems;
	const raw = overlaid(description, key => changes[key] ?? undefined);
	const { description: whole, problems: more } = check(raw, device);
	const all = whole ? addresses(whole, network.mqtts !== undefined).problems : more;
	return all.map(({ key, expected, found }) => ({
		key: `provision.${key}`,
		expected,
		found: key === "broker" ? "something else" : found,
	}));
};

/** What `key` takes, in words, where `value` is something else. */
const wanted = (key: string, value: unknown): string | undefined => {
	const bytes = typeof value === "string" ? encode(value).byteLength : -1;
	// IEEE 802.11
	if (key === "ssid") return bytes >= 1 && bytes <= 32 ? undefined : "a text of 1 to 32 bytes";
	if (key !== "password") return bytes < 0 ? "a text" : undefined;
	// WPA: 8 to 63 characters, or a key of 64.
	const right = bytes === 0 || (bytes >= 8 && bytes <= 64);
	return right ? undefined : "a text of 8 to 64 bytes, or of none for an open network";
};

/** The stored values, and those that the next start will try. */
const provisionShown = (provision: Provision): Values => {
	const { keys, next } = provision;
	return {
		...open(keys, key => provision.get(key)),
		...(keys.some(key => key in next) && { next: open(keys, key => next[key]) }),
	};
};

/** A password is shown as `true`, a broker without its user and password. */
const open = (keys: readonly string[], textOf: (key: string) => string | null | undefined): Values => {
	const result: { [key: string]: unknown } = {};
	keys.forEach(key => {
		const text = textOf(key);
		if (text === undefined) return;
		const address = key === "broker" && text ? parseAddress(text) : undefined;
		result[key] = address ? publicAddress(address) : key === "password" && text !== null ? true : text;
	});
	return result;
};
