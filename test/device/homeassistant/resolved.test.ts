/**
 * Every template and topic of the document, against what a board of any description really publishes: the payload in, the value
 * that Home Assistant would show out; and every command of its buttons, numbers, lights and switches, which the board takes.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import homeAssistant from "../../../modules/device/homeassistant/homeassistant.js";
import { commandOf, rendered } from "../../homeassistant/template.js";
import { expand } from "../../homeassistant/validator.js";
import { BASE, scripted, World } from "../stage.js";

interface Component {
	readonly platform: string;
	readonly state_topic?: string;
	readonly value_template?: string;
	readonly event_types?: readonly string[];
	readonly state_class?: string;
	readonly command_topic?: string;
	readonly command_template?: string;
	readonly payload_press?: string;
	readonly min?: number;
	readonly max?: number;
}

const name = fc.stringMatching(/^x[A-Za-z0-9_-]{0,9}$/);
const sensor = fc.record(
	{
		name,
		every: fc.integer({ min: 100, max: 2000 }),
		unit: fc.constantFrom("°C", "%", "kWh", "V"),
		decimals: fc.integer({ min: 0, max: 3 }),
		batch: fc.integer({ min: 1, max: 4 }),
		window: fc.integer({ min: 2000, max: 4000 }),
	},
	{ requiredKeys: ["name", "every"] },
);
const described = fc.record(
	{
		sensors: fc.uniqueArray(sensor, { selector: ({ name }) => name, minLength: 1, maxLength: 4 }),
		actuators: fc.uniqueArray(name, { maxLength: 2 }),
		lamp: fc.record({ pin: fc.constant(2), dimmable: fc.boolean() }),
		// Of the lamp.
		button: fc.constant({ pin: 0 }),
	},
	{ requiredKeys: ["sensors", "actuators", "lamp"] },
);

function stage({
	sensors,
	actuators,
	...more
}: {
	sensors: readonly { name: string }[];
	actuators: string[];
}) {
	const world = new World();
	let value = 10;
	world.sensors = { script: scripted(() => value) };
	world.actuators = {
		relay: {
			io: class {
				write() {}
				close() {}
			} as never,
		},
	};
	const board = world.start(
		{
			...more,
			sensors: sensors.map(each => ({ ...each, driver: "script" })),
			alerts: sensors.flatMap(({ name: sensor }) => [
				{ name: `high-${sensor}`, sensor, above: 50, clear: 40 },
				{ name: `low-${sensor}`, sensor, below: -50, clear: -40 },
			]),
			actuators: actuators.map(name => ({ name, driver: "relay" })),
			homeAssistant: true,
		},
		[homeAssistant],
	);
	world.link.connect();
	world.clock.advance(1);
	const document = world.link.streamed.get(`homeassistant/device/${BASE.split("/")[1]}/config`) ?? "{}";
	const components = Object.entries(expand(document).components as { [key: string]: Component });
	return {
		world,
		board,
		components,
		/** So long (ms) the sensors read this. */
		reads(next: number, time: number) {
			value = next;
			world.clock.advance(time);
		},
	};
}

const below = (topic = "") => topic.slice(BASE.length);

describe("the device document's templates and topics", () => {
	it("make of what the board publishes a value for each entity", () => {
		fc.assert(
			fc.property(described, raw => {
				const { world, board, components, reads } = stage(raw as never);
				reads(10, 20_000);
				reads(90, 20_000);
				reads(-90, 20_000);
				world.inputs.get(0)?.turn(1);
				world.clock.advance(1000);
				for (const [key, { platform, state_topic, value_template, ...more }] of components) {
					if (state_topic === undefined) continue;
					assert.ok(state_topic.startsWith(BASE), state_topic);
					const payload = world.on(below(state_topic)).at(-1);
					assert.ok(payload !== undefined, `${key}: nothing on ${state_topic}`);
					const shown = value_template === undefined ? payload : rendered(value_template, payload);
					const what = `${key}: ${shown} of ${payload}`;
					if (platform === "event") assert.ok(more.event_types?.includes(JSON.parse(shown).event_type), what);
					else if (platform === "light") assert.ok(["ON", "OFF"].includes(JSON.parse(shown).state), what);
					else if (platform === "switch" || platform === "binary_sensor")
						assert.ok(["ON", "OFF"].includes(shown), what);
					else if (more.state_class) assert.ok(shown !== "" && Number.isFinite(Number(shown)), what);
					else assert.ok(shown !== "" && !/undefined|null|object/.test(shown), what);
				}
				board.close();
			}),
			{ numRuns: 100 },
		);
	});

	it("make commands that the board carries out, and none is refused", () => {
		fc.assert(
			fc.property(described, fc.double({ min: 0, max: 1, noNaN: true }), (raw, share) => {
				const { world, board, components } = stage(raw as never);
				// What restarts the board comes last.
				const last = components.filter(([key]) => key === "command_restart");
				const others = components.filter(([key]) => key !== "command_restart");
				for (const [key, component] of [...others, ...last]) {
					const { platform, command_topic, command_template, payload_press, min = 0, max = 0 } = component;
					if (command_topic === undefined) continue;
					// Within the bounds, and as Home Assistant would say it: a number is a float.
					const number = min + Math.min(share * (max - min), 3600);
					const payload =
						platform === "button"
							? (payload_press ?? "")
							: platform === "number"
								? commandOf(command_template ?? "", number)
								: platform === "light"
									? '{"state":"ON"}'
									: "ON";
					const from = world.published.length;
					world.link.receive(below(command_topic), payload);
					world.clock.advance(100);
					const answers = world.json("cmd/result", from);
					for (const { ok, error } of answers) assert.equal(ok, true, `${key} ${payload}: ${error}`);
					if (platform === "button" || platform === "number")
						assert.equal(answers.length, 1, `${key} ${payload}`);
					else assert.match(world.on(below(component.state_topic), from).join(), /"ON"/, `${key} ${payload}`);
				}
				board.close();
			}),
			{ numRuns: 100 },
		);
	});
});
