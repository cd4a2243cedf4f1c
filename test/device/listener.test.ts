/** What a board listens to, and where each message goes: with receivers that only note what they are given. */

import assert from "node:assert/strict";
import Listener, { type Listening } from "../../modules/device/listener.js";
import { decode, encode } from "../../modules/mqtt/codec.js";
import type { Received } from "../../modules/session/options.js";

type Output = Listening["outputs"][number];
type Receive = Output["set"];

const description = { powerOn: "last", liveOnly: false } as const;
const live = { QoS: 1, retain: false, duplicate: false, id: 7 };

const deaf = { accepted() {}, online() {}, offline() {} };
/** A board whose parts do nothing. */
const parts: Listening = {
	description: { brokerOrder: "listed" },
	publisher: { idle: true, report() {}, topic: name => `r/b/${name}`, trace: undefined },
	command: { receive() {} },
	outputs: [],
	parts: [],
	retained: { announce() {} },
	decommission: { online() {} },
	trial: { online() {}, offline() {}, refused() {} },
};

function stage(traced = true) {
	const heard: unknown[][] = [];
	const trace: string[] = [];
	const note =
		(where: string): Receive =>
		(payload, about) =>
			void heard.push([where, decode(payload), about]);
	const output = (name: string, liveOnly: boolean): Output => ({
		...deaf,
		name,
		description: { ...description, liveOnly },
		set: note(`${name} set`),
		desired: note(`${name} desired`),
	});
	const listener = new Listener({
		...parts,
		command: { receive: note("command") },
		outputs: [output("lamp", false), output("door", true)],
		parts: [{ inbound: [{ topic: "hub/status", QoS: 0, receive: note("feature") }], close() {} }],
		publisher: { ...parts.publisher, trace: traced ? line => void trace.push(line) : undefined },
	});
	const receive = (topic: string, text: string, about: Received = live) =>
		listener.onMessage(topic, encode(text), about);
	return { listener, receive, heard, trace };
}

describe("what a board subscribes to", () => {
	it("is cmd, and set and desired of each output, on whole topics at QoS 1; but set alone and at QoS 0 where an output takes live commands only; then those of features", () => {
		assert.deepEqual(stage().listener.subscriptions, [
			{ topic: "r/b/cmd", QoS: 1 },
			{ topic: "r/b/lamp/set", QoS: 1 },
			{ topic: "r/b/lamp/desired", QoS: 1 },
			{ topic: "r/b/door/set", QoS: 0 },
			{ topic: "hub/status", QoS: 0 },
		]);
	});
});

describe("what comes", () => {
	for (const [topic, where] of [
		["r/b/cmd", "command"],
		["r/b/lamp/set", "lamp set"],
		["r/b/lamp/desired", "lamp desired"],
		["r/b/door/set", "door set"],
	] as const)
		it(`on ${topic} goes to ${where} alone, as it is`, () => {
			const { receive, heard } = stage();
			receive(topic, "ON");
			assert.deepEqual(heard, [[where, "ON", live]]);
			assert.equal(heard[0]?.[2], live);
		});

	it("on a topic of an earlier description's subscription still reaches its output, which refuses it in words", () => {
		const { receive, heard } = stage();
		receive("r/b/door/desired", "ON");
		assert.deepEqual(heard, [["door desired", "ON", live]]);
	});

	for (const topic of ["r/b/pump/set", "r/b/lamp", "r/b/", "r/c/lamp/set", "lamp/set/x", "r/b/r/b/cmd"])
		it(`on ${topic} reaches no part`, () => {
			const { receive, heard } = stage();
			receive(topic, "ON");
			assert.deepEqual(heard, []);
		});

	it("on a feature's topic goes to that feature alone, and is subscribed to", () => {
		const { listener, receive, heard } = stage();
		assert.deepEqual(listener.subscriptions.at(-1), { topic: "hub/status", QoS: 0 });
		receive("hub/status", "online");
		assert.deepEqual(heard, [["feature", "online", live]]);
	});

	it("is traced by its name, where there is one, before it is received, by any part", () => {
		const { receive, trace } = stage();
		receive("r/b/lamp/desired", "ON", { ...live, retain: true });
		receive("r/b/lamp/set", "OFF", { ...live, duplicate: true });
		receive("r/b/cmd", "info");
		assert.deepEqual(trace, ["< lamp/desired ON (retained)", "< lamp/set OFF (duplicate)", "< cmd info"]);
	});

	it("is traced as a count of bytes where it may hold a password: a command, or an unknown topic", () => {
		const { receive, trace } = stage();
		receive("r/b/cmd", '{"cmd":"info"}');
		receive("r/b/pump/set", "ON");
		receive("r/c/cmd", "config x");
		assert.deepEqual(trace, ["< cmd (14 bytes)", "< pump/set (2 bytes)", "< r/c/cmd (8 bytes)"]);
	});

	it("is received all the same without a trace", () => {
		const { receive, heard } = stage(false);
		receive("r/b/cmd", "info");
		assert.deepEqual(heard, [["command", "info", live]]);
	});

	it("is not acknowledged when its receiver throws: what it throws goes on to the session, and it was traced before", () => {
		const trace: string[] = [];
		const command = {
			receive() {
				throw new Error("could not be stored");
			},
		};
		const publisher = { ...parts.publisher, trace: (line: string) => void trace.push(line) };
		const listener = new Listener({ ...parts, command, publisher });
		assert.throws(() => listener.onMessage("r/b/cmd", encode("info"), live), /could not be stored/);
		assert.deepEqual(trace, ["< cmd info"]);
	});

	it("is received by the output itself, not by a method torn off it", () => {
		class Door implements Output {
			readonly name = "door";
			readonly description = description;
			accepted(): void {}
			online(): void {}
			offline(): void {}
			readonly #heard: string[] = [];
			set(payload: Uint8Array): void {
				this.#heard.push(`set ${decode(payload)}`);
			}
			desired(payload: Uint8Array): void {
				this.#heard.push(`desired ${decode(payload)}`);
			}
			get heard(): readonly string[] {
				return this.#heard;
			}
		}
		const door = new Door();
		const listener = new Listener({ ...parts, outputs: [door] });
		listener.onMessage("r/b/door/set", encode("ON"), live);
		listener.onMessage("r/b/door/desired", encode("OFF"), live);
		assert.deepEqual(door.heard, ["set ON", "desired OFF"]);
	});
});
