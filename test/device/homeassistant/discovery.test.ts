/** When a board publishes its document for Home Assistant, what it removes, and what it clears. */

import assert from "node:assert/strict";
import type Board from "../../../modules/device/board.js";
import type { Description } from "../../../modules/device/description/description.js";
import { Discovery } from "../../../modules/device/homeassistant/homeassistant.js";
import Memory from "../../../modules/device/memory.js";
import { Outcome } from "../../../modules/session/outcomes.js";
import { TestClock } from "../../clock.js";
import { expand, validate } from "../../homeassistant/validator.js";
import { NotedSession, publishing } from "../publishing.js";

const TOPIC = "homeassistant/device/b/config";
const cleared = { QoS: 1, retain: true, durable: true };
const bytes = (text: string) => new TextEncoder().encode(text);

/** A board's memory over several lives. */
const records = () => {
	const map = new Map<string, string>();
	let writes = 0;
	return {
		map,
		writes: () => writes,
		read: (key: string) => map.get(key),
		write: (key: string, text: string) => {
			writes++;
			map.set(key, text);
		},
		delete: (key: string) => map.delete(key),
		close() {},
		[Symbol.iterator]: () => map.keys(),
	};
};

const description = (sensors: readonly string[], id = "b") =>
	({
		root: "a",
		id,
		sensors: sensors.map(name => ({ name, driver: "wave", every: 1000, batch: 1, aggregate: "mean" })),
		alerts: [],
		actuators: [],
		commands: [],
	}) as unknown as Description;

interface Life {
	readonly domain?: ReturnType<typeof records>;
	readonly sensors?: readonly string[];
	readonly id?: string;
	readonly wanted?: boolean;
	readonly trying?: boolean;
	readonly forgetting?: boolean;
	readonly outputs?: readonly { readonly name: string; readonly dimmable: boolean }[];
}

function board({
	domain = records(),
	sensors = ["temp"],
	id = "b",
	wanted = true,
	trying = false,
	forgetting = false,
	outputs = [],
}: Life = {}) {
	const clock = new TestClock();
	let announced = 0;
	const session = new NotedSession();
	const owner = { decommission: { active: forgetting }, retained: { full() {} } };
	const publisher = publishing({ base: `a/${id}/`, timer: clock, owner }, session);
	const device = { name: "node", sensor: {}, network: {}, timer: clock };
	let present = sensors;
	const parts = {
		device,
		get description() {
			return { ...description(present, id), homeAssistant: wanted };
		},
		outputs,
		own: [],
		memory: new Memory(domain as never),
		publisher,
		trying,
		announce: () => announced++,
	};
	const discovery = new Discovery(parts as unknown as Board, () => 0.5);
	return {
		discovery,
		clock,
		domain,
		said: session.said,
		session,
		announced: () => announced,
		full: (full: boolean) => {
			session.outcome = full ? Outcome.droppedFull : Outcome.sent;
		},
		/** The description changes at run time. */
		configure(next: readonly string[]) {
			present = next;
			discovery.configured();
		},
		/** A connection that stands for so long (ms). */
		online(for_ = 20_000) {
			discovery.online();
			clock.advance(for_);
		},
	};
}

const components = (document = "") => Object.keys(expand(document).components as object);

describe("discovery by Home Assistant", () => {
	it("publishes the document at each connect, as one that Home Assistant takes whole", () => {
		const { online, said } = board();
		online();
		online();
		assert.deepEqual(
			said.map(([topic]) => topic),
			[TOPIC, TOPIC],
		);
		assert.deepEqual(validate(TOPIC, said[0]?.[1] ?? ""), []);
	});

	it("publishes it again 1 to 10 s after Home Assistant's online, then the states, and not for its offline", () => {
		const { discovery, clock, said, online, announced } = board();
		online();
		const [birth] = discovery.inbound;
		assert.equal(birth?.topic, "homeassistant/status");
		const receive = (payload: Uint8Array) => birth?.receive(payload, {} as never);
		receive(bytes("offline"));
		clock.advance(20_000);
		assert.deepEqual([said.length, announced()], [1, 0]);
		receive(bytes("online"));
		clock.advance(5400);
		assert.deepEqual([said.length, announced()], [1, 0]);
		clock.advance(200);
		assert.deepEqual([said.length, announced()], [2, 1]);
	});

	it("publishes the states also when a connection that is lost, or a change, comes before they were", () => {
		const { discovery, clock, online, configure, announced } = board();
		online();
		const receive = () => discovery.inbound[0]?.receive(bytes("online"), {} as never);
		receive();
		online();
		assert.equal(announced(), 1);
		receive();
		configure(["temp"]);
		clock.advance(20_000);
		assert.equal(announced(), 2);
		online();
		assert.equal(announced(), 2);
	});

	it("publishes it again once, a second after the last of several changes at run time, as it is then", () => {
		const { configure, said, online, clock } = board();
		online();
		for (let change = 0; change < 20; change++) {
			configure([`s${change}`]);
			clock.advance(900);
		}
		assert.equal(said.length, 1);
		clock.advance(200);
		assert.equal(said.length, 2);
		assert.ok(components(said[1]?.[1]).includes("measurement_s19"));
	});

	it("names what a change at run time has made of another kind for removal", () => {
		const { configure, said, online, clock } = board({ sensors: ["temp"] });
		online();
		configure([]);
		clock.advance(20_000);
		const removed = (document = "") =>
			(expand(document).components as { measurement_temp?: object }).measurement_temp;
		assert.deepEqual(removed(said[1]?.[1]), { platform: "sensor" });
		online();
		assert.equal(removed(said[2]?.[1]), undefined);
	});

	it("tries again each second while the connection cannot take it", () => {
		const { full, said, online, clock } = board();
		full(true);
		online(5000);
		assert.equal(said.length, 0);
		full(false);
		clock.advance(1000);
		assert.equal(said.length, 1);
	});

	it("names what has left the description for removal, over lost connections, until a connection has stood for a while", () => {
		const { domain, online } = board({ sensors: ["temp", "old"] });
		online();
		const next = board({ domain, sensors: ["temp"] });
		next.online(100);
		next.online(20_000);
		for (const [, document] of next.said) {
			const { components } = expand(document) as { components: { measurement_old: object } };
			assert.deepEqual(components.measurement_old, { platform: "sensor" });
			assert.deepEqual(validate(TOPIC, document), []);
		}
		const last = board({ domain, sensors: ["temp"] });
		last.online();
		assert.ok(!components(last.said[0]?.[1]).includes("measurement_old"));
	});

	it("removes an output under the platform that it had, when it has become dimmable", () => {
		const { domain, online } = board({ outputs: [{ name: "fan", dimmable: false }] });
		online();
		const next = board({ domain, outputs: [{ name: "fan", dimmable: true }] });
		next.online();
		const { components } = expand(next.said[0]?.[1] ?? "") as { components: { [key: string]: object } };
		assert.deepEqual(components.switch_fan, { platform: "switch" });
		assert.equal((components.light_fan as { command_topic: string }).command_topic, "a/b/fan/set");
	});

	it("keeps in records of at most 430 bytes what a large board has", () => {
		const sensors = Array.from({ length: 64 }, (_, index) => `a_rather_long_name_of_a_sensor_${index}`);
		const { domain, online } = board({ sensors });
		online();
		for (const text of domain.map.values()) assert.ok(text.length <= 430, `${text.length}`);
		const next = board({ domain, sensors: [] });
		next.online();
		const removed = components(next.said[0]?.[1]);
		for (const name of sensors) assert.ok(removed.includes(`measurement_${name}`), name);
	});

	it("writes its records where they changed only, and removes those that are too many", () => {
		const many = Array.from({ length: 64 }, (_, index) => `a_rather_long_name_of_a_sensor_${index}`);
		const { domain, online } = board({ sensors: many });
		online();
		const before = domain.writes();
		online();
		assert.equal(domain.writes(), before);
		assert.ok(domain.map.has("ha:1"));
		board({ domain }).online();
		assert.deepEqual([...domain.map.keys()].sort(), ["ha", "ha:0"]);
	});

	it("remembers nothing of a document whose connection was lost before it had arrived", () => {
		const { domain, online, session, clock } = board();
		online(10_000);
		session.online = false;
		clock.advance(10_000);
		assert.deepEqual([...domain.map.keys()], []);
	});

	it("publishes nothing while all that is retained is being cleared", () => {
		const { said, online } = board({ forgetting: true });
		online();
		assert.deepEqual(said, []);
	});

	it("clears the document once it is not wanted any more", () => {
		const { domain, online } = board();
		online();
		const next = board({ domain, wanted: false });
		next.online();
		assert.deepEqual(next.said, [[TOPIC, "", cleared]]);
		assert.deepEqual([...domain.map.keys()], []);
		assert.deepEqual(next.discovery.inbound, []);
	});

	it("clears the document of an earlier id, but not while the new one is on trial", () => {
		const { domain, online } = board();
		online();
		const trial = board({ domain, id: "c", trying: true });
		trial.online();
		assert.deepEqual(
			trial.said.map(([topic]) => topic),
			["homeassistant/device/c/config"],
		);
		const next = board({ domain, id: "c" });
		next.online();
		assert.deepEqual(next.said[0], [TOPIC, "", cleared]);
	});

	it("clears the document of a board that is taken out of service, once there is room for that", () => {
		const { discovery, said, full, online, domain } = board();
		online();
		full(true);
		assert.equal(discovery.clear(), false);
		full(false);
		assert.equal(discovery.clear(), true);
		assert.deepEqual(said.at(-1), [TOPIC, "", cleared]);
		assert.deepEqual([...domain.map.keys()], []);
	});

	it("clears the document of an earlier id too when the board is taken out of service before it was online", () => {
		const { domain, online } = board();
		online();
		const next = board({ domain, id: "c" });
		assert.equal(next.discovery.clear(), true);
		assert.deepEqual(next.said, [
			["homeassistant/device/c/config", "", cleared],
			[TOPIC, "", cleared],
		]);
		assert.deepEqual([...domain.map.keys()], []);
	});
});
