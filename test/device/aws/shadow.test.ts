/** Settings by the named shadow: changed, stored, reported, and not undone by an older wish. */

import assert from "node:assert/strict";
import aws from "../../../modules/device/aws/aws.js";
import { scripted, World } from "../stage.js";
import { Service } from "./service.js";

const description = {
	profile: "aws",
	shadow: true,
	sensors: [{ name: "temp", driver: "t", every: 1000 }],
	alerts: [{ name: "hot", sensor: "temp", outside: [0, 30] }],
};
const SECOND = 1000;

function stage(more: object = {}) {
	const world = new World();
	world.sensors = { t: scripted(() => 20) };
	const service = new Service(world, () => world.clock.time, "settings");
	const board = world.start({ ...description, ...more }, [aws]);
	world.link.connect();
	service.settle();
	world.clock.advance(2 * SECOND);
	const every = () => (service.reported as { sensors: { temp: { every: number } } }).sensors.temp.every;
	const refusals = () => world.json("cmd/result").map(({ topic, error }) => `${topic}: ${error}`);
	return { world, service, board, every, refusals };
}

describe("settings by a device shadow", () => {
	it("reports all of them when it connects, and each change by cmd", () => {
		const { world, service, every } = stage();
		assert.equal(every(), 1000);
		assert.deepEqual(Object.keys(service.reported), ["sensors", "alerts", "actuators"]);
		world.link.receive("cmd", '{"cmd":"config","set":{"sensors":{"temp":{"every":250}}}}');
		service.settle();
		assert.equal(every(), 250);
	});
	it("says that they are too long for a report where a chip has no room for it, and reports none", () => {
		const world = new World();
		world.sensors = { t: scripted(() => 20) };
		world.longestAnswer = 60;
		const service = new Service(world, () => world.clock.time, "settings");
		world.start(description, [aws]);
		world.link.connect();
		service.settle();
		assert.equal(service.version, 0);
		assert.ok(world.trace.includes("settings: too long for a report, 60 bytes are possible"));
	});
	it("takes what is wished, stores it, and leaves no difference", () => {
		const { world, service, board, every } = stage();
		service.wish({ sensors: { temp: { every: 500 } }, alerts: { hot: { outside: [5, 25] } } });
		service.settle();
		assert.equal(every(), 500);
		assert.deepEqual(board.description.alerts[0]?.outside, [5, 25]);
		assert.equal(service.difference, undefined);
		world.kill();
		assert.equal(world.start(description, [aws]).description.sensors[0]?.every, 500);
	});
	it("is not undone by the older wish for a key that cmd has changed since, in this life or the next", () => {
		const { world, service, every } = stage();
		service.wish({ sensors: { temp: { every: 500 } } });
		service.settle();
		world.clock.advance(2 * SECOND);
		world.link.receive("cmd", '{"cmd":"config","set":{"sensors":{"temp":{"every":250}}}}');
		service.settle();
		assert.equal(every(), 250);
		world.link.disconnect();
		world.kill();
		world.start(description, [aws]);
		world.link.connect();
		service.settle();
		assert.equal(every(), 250);
		world.clock.advance(2 * SECOND);
		service.wish({ sensors: { temp: { deadband: 1 } } });
		service.settle();
		assert.equal(every(), 250, "only what is new of the difference");
		world.clock.advance(2 * SECOND);
		service.wish({ sensors: { temp: { every: 500 } } });
		service.settle();
		assert.equal(every(), 500, "wished once more");
	});
	for (const [title, wish, refusal] of [
		[
			"a wrong value",
			{ sensors: { temp: { every: 1 } } },
			"sensors[0].every: expected a number from 5 to 86400000, found 1",
		],
		["another broker", { provision: { broker: "mqtt://other" } }, "provision: expected nothing"],
		["a key that it cannot change", { sensors: { temp: { driver: "x" } } }, "sensors.temp.driver: expected"],
	] as const)
		it(`refuses ${title}, says why, and does not go on about it`, () => {
			const { world, service, refusals } = stage();
			service.wish(wish);
			service.settle();
			world.link.disconnect();
			world.link.connect();
			service.settle();
			assert.equal(refusals().length, 1, refusals().join("\n"));
			assert.ok(refusals()[0]?.startsWith(`shadow/settings: ${refusal}`), refusals()[0]);
		});
	it("takes a valid key beside a wrong one once that is mended, and says each mistake once", () => {
		const { world, service, every, refusals } = stage();
		service.wish({ sensors: { temp: { every: 500, evry: 1 } } });
		service.settle();
		assert.equal(every(), 1000);
		service.wish({ sensors: { temp: { evry: 2 } } });
		service.settle();
		assert.equal(refusals().length, 1, refusals().join("\n"));
		service.wish({ sensors: { temp: { evry: null } } });
		service.settle();
		assert.equal(every(), 500);
		assert.equal(service.difference, undefined);
		world.clock.advance(SECOND);
		service.wish({ sensors: { temp: { evry: 3 } } });
		service.settle();
		assert.equal(refusals().length, 2, refusals().join("\n"));
	});
	it("refuses them where the description does not allow config", () => {
		const { service, every, refusals } = stage({ commands: ["info"] });
		service.wish({ sensors: { temp: { every: 500 } } });
		service.settle();
		assert.equal(every(), 1000);
		assert.match(refusals()[0] ?? "", /allows, found "config"/);
	});
});
