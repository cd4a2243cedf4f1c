/** The Device Shadow service of the local AWS IoT Core, over MQTT. Each title ends with the page that the rule is from. */

import assert from "node:assert/strict";
import { type Client, World } from "./world.js";

const documents = "[device-shadow-document.html]";
const errors = "[device-shadow-error-messages.html]";
const topics = "[device-shadow-mqtt.html]";
const second = 1_750_000_000;

for (const [kind, name] of [
	["classic", undefined],
	["named", "config"],
] as const) {
	const base = `$aws/things/one/shadow${name === undefined ? "" : `/name/${name}`}`;

	describe(`the local AWS: the ${kind} shadow`, () => {
		const world = new World();
		let one: Client;
		beforeEach(async () => {
			await world.open();
			one = await world.client("one");
			for (const operation of ["get", "update", "delete"])
				await one.subscribe(`${base}/${operation}/accepted`, `${base}/${operation}/rejected`);
			await one.subscribe(`${base}/update/delta`, `${base}/update/documents`);
		});
		afterEach(() => world.close());

		const ask = (operation: string, request: unknown) =>
			one.publish(
				`${base}/${operation}`,
				typeof request === "string" || Buffer.isBuffer(request) ? request : JSON.stringify(request),
			);
		const update = async (request: unknown) => {
			ask("update", request);
			const accepted = await one.json(`${base}/update/accepted`);
			await one.settled();
			return accepted;
		};
		const rejected = async (operation: string, request: unknown) => {
			ask(operation, request);
			const { code, message, clientToken } = await one.json(`${base}/${operation}/rejected`);
			return [code, message, ...(clientToken === undefined ? [] : [clientToken])];
		};
		const get = async () => {
			ask("get", "");
			return one.json(`${base}/get/accepted`);
		};

		it(`answers get with 404 before the first update, and gives the client token back ${errors}`, async () => {
			assert.deepEqual(await rejected("get", { clientToken: "t" }), [
				404,
				`No shadow exists with name: '${name ?? "one"}'`,
				"t",
			]);
		});

		it(`accepts an update with the fields that it had, their timestamps, the version and the token ${documents}`, async () => {
			await update({ state: { desired: { lamp: { on: true, level: 3 } } } });
			world.clock.advance(2000);
			assert.deepEqual(await update({ state: { reported: { lamp: { on: true } } }, clientToken: "t" }), {
				state: { reported: { lamp: { on: true } } },
				metadata: { reported: { lamp: { on: { timestamp: second + 2 } } } },
				version: 2,
				timestamp: second + 2,
				clientToken: "t",
			});
		});

		it(`gets the whole document with the delta in it ${documents}`, async () => {
			await update({ state: { desired: { a: 1, b: [1, 2] }, reported: { a: 1, c: true } } });
			assert.deepEqual(await get(), {
				state: { desired: { a: 1, b: [1, 2] }, reported: { a: 1, c: true }, delta: { b: [1, 2] } },
				metadata: {
					desired: { a: { timestamp: second }, b: [{ timestamp: second }, { timestamp: second }] },
					reported: { a: { timestamp: second }, c: { timestamp: second } },
				},
				version: 1,
				timestamp: second,
			});
		});

		it(`tells on delta what of desired differs: the path to it, arrays whole, never what is only reported ${documents}`, async () => {
			await update({
				state: {
					desired: { color: { r: 255, g: 255 }, list: [1, 2], same: [1], gone: 1 },
					reported: { color: { r: 255, g: 0 }, list: [1, 3], same: [1], extra: 1 },
				},
				clientToken: "t",
			});
			const at = { timestamp: second };
			assert.deepEqual(await one.json(`${base}/update/delta`), {
				state: { color: { g: 255 }, list: [1, 2], gone: 1 },
				metadata: { color: { g: at }, list: [at, at], gone: at },
				version: 1,
				timestamp: second,
				clientToken: "t",
			});
		});

		it(`tells nothing on delta where nothing differs ${topics}`, async () => {
			await update({ state: { desired: { a: 1 }, reported: { a: 1 } } });
			assert.equal(
				one.packets.some(packet => packet.cmd === "publish" && packet.topic.endsWith("/delta")),
				false,
			);
		});

		it(`tells on documents what was and what is ${topics}`, async () => {
			await update({ state: { desired: { a: 1 } } });
			await one.json(`${base}/update/documents`);
			await update({ state: { reported: { a: 2 } } });
			const { previous, current } = (await one.json(`${base}/update/documents`)) as {
				[key: string]: { state: unknown; version: number };
			};
			assert.deepEqual([previous?.state, previous?.version], [{ desired: { a: 1 } }, 1]);
			assert.deepEqual([current?.state, current?.version], [{ desired: { a: 1 }, reported: { a: 2 } }, 2]);
		});

		it(`deletes a key that is null, and a section ${documents}`, async () => {
			await update({ state: { desired: { a: 1, b: { c: 2, d: 3 } }, reported: { a: 1 } } });
			await update({ state: { desired: { b: { c: null } }, reported: null } });
			assert.deepEqual((await get()).state, { desired: { a: 1, b: { d: 3 } }, delta: { a: 1, b: { d: 3 } } });
			const { metadata } = (await get()) as { metadata: unknown };
			assert.deepEqual(metadata, {
				desired: { a: { timestamp: second }, b: { d: { timestamp: second } } },
			});
		});

		const seen = "[seen at AWS by moto's tests]";
		for (const [what, first, second, expected] of [
			[
				"the last key of a section takes the section along",
				{ desired: { a: 1 } },
				{ desired: { a: null } },
				{},
			],
			["an empty section is none", { desired: {} }, { reported: { a: 1 } }, { reported: { a: 1 } }],
			["a key that was not there is not there", {}, { reported: { a: null } }, {}],
			[
				"an empty report changes nothing",
				{ desired: { a: 1 } },
				{ reported: {} },
				{ desired: { a: 1 }, delta: { a: 1 } },
			],
			[
				"an empty object stays, and is in the delta",
				{ desired: { a: { b: 3 } } },
				{ desired: { a: { b: {} }, c: {} } },
				{ desired: { a: { b: {} }, c: {} }, delta: { a: { b: {} }, c: {} } },
			],
			[
				"arrays within arrays are values",
				{ reported: { a: [["x"], ["y"]] } },
				{ desired: { a: [["x"]] } },
				{ desired: { a: [["x"]] }, reported: { a: [["x"], ["y"]] }, delta: { a: [["x"]] } },
			],
		] as const)
			it(`merges: ${what} ${seen}`, async () => {
				await update({ state: first });
				await update({ state: second });
				assert.deepEqual((await get()).state, expected);
			});

		it(`takes a state that is null, which leaves an empty shadow ${seen}`, async () => {
			await update({ state: { desired: { a: 1 } } });
			const { state, metadata, version } = await update({ state: null });
			assert.deepEqual([state, metadata, version], [null, { timestamp: second }, 2]);
			const found = await get();
			assert.deepEqual([found.state, found.metadata, found.version], [{}, {}, 2]);
		});

		it(`replaces a value by an object and an object by a value ${documents}`, async () => {
			await update({ state: { desired: { a: 1, b: { c: 1 } } } });
			await update({ state: { desired: { a: { c: 1 }, b: 1 } } });
			const { state, metadata } = (await get()) as { state: { desired: unknown }; metadata: unknown };
			assert.deepEqual(state.desired, { a: { c: 1 }, b: 1 });
			const at = { timestamp: second };
			assert.deepEqual(metadata, { desired: { a: { c: at }, b: at } });
		});

		it(`takes a version that is the current one, and answers 409 for any other ${documents}`, async () => {
			await update({ state: { desired: { a: 1 } } });
			await update({ state: { desired: { a: 2 } }, version: 1 });
			assert.deepEqual(await rejected("update", { state: { desired: { a: 3 } }, version: 1 }), [
				409,
				"Version conflict",
			]);
		});

		it(`is deleted, and goes on counting versions ${topics}`, async () => {
			await update({ state: { desired: { a: 1 } } });
			await update({ state: { desired: { a: 2 } } });
			ask("delete", { clientToken: "t" });
			const { version, clientToken } = await one.json(`${base}/delete/accepted`);
			assert.deepEqual([version, clientToken], [2, "t"]);
			assert.equal((await rejected("get", ""))[0], 404);
			assert.equal((await rejected("delete", ""))[0], 404);
			assert.equal((await update({ state: { desired: { b: 1 } } })).version, 3);
			assert.deepEqual((await get()).state, { desired: { b: 1 }, delta: { b: 1 } });
		});

		const deep = (levels: number): unknown => (levels ? { a: deep(levels - 1) } : 1);
		for (const [what, request, code, message] of [
			["no JSON", "{", 400, "Invalid JSON"],
			["an array", "[]", 400, "Invalid JSON"],
			["an empty payload", "", 400, "Invalid JSON"],
			["no state", {}, 400, "Missing required node: state"],
			["a state that is an array", { state: [] }, 400, "State node must be an object"],
			["a state that is no object", { state: 1 }, 400, "State node must be an object"],
			[
				"a state with another node",
				{ state: { wished: {} } },
				400,
				"State contains an invalid node: 'wished'",
			],
			["desired that is no object", { state: { desired: 1 } }, 400, "Desired node must be an object"],
			["reported that is no object", { state: { reported: [] } }, 400, "Reported node must be an object"],
			["a version that is none", { state: {}, version: "1" }, 400, "Invalid version"],
			[
				"seven levels",
				{ state: { desired: deep(7) } },
				400,
				"JSON contains too many levels of nesting; maximum is 6",
			],
			[
				"null in an array",
				{ state: { desired: { a: [1, null] } } },
				400,
				"State contains an invalid node: an array with null",
			],
			["a token of 65 bytes", { state: {}, clientToken: "x".repeat(65) }, 400, "Invalid clientToken"],
			["a token that is no string", { state: {}, clientToken: 1 }, 400, "Invalid clientToken"],
			[
				"more than 8 KB",
				{ state: { desired: { a: "x".repeat(8192) } } },
				413,
				"The payload exceeds the maximum size allowed",
			],
			[
				"no UTF-8",
				Buffer.of(0x7b, 0xff),
				415,
				"Unsupported documented encoding; supported encoding is UTF-8",
			],
		] as const)
			it(`answers an update with ${what} with ${code} ${errors}`, async () => {
				assert.deepEqual(await rejected("update", request), [code, message]);
				assert.equal((await rejected("get", ""))[0], 404);
			});

		it(`takes six levels, 8 KB without metadata, and a token of 64 bytes ${errors}`, async () => {
			await update({ state: { desired: deep(6) } });
			const around = JSON.stringify({ desired: { a: "" } }).length;
			const clientToken = "x".repeat(64);
			await update({ state: { desired: { a: "x".repeat(8192 - around) } }, clientToken });
			assert.equal((await rejected("update", { state: { reported: { a: 1 } } }))[0], 413);
		});

		it(`answers 500 when the service fails, and is as before then ${errors}`, async () => {
			world.aws.shadows.fail();
			assert.deepEqual(await rejected("update", { state: {}, clientToken: "t" }), [
				500,
				"Internal service failure",
				"t",
			]);
			await update({ state: {} });
		});

		it("is seen by an application, and takes what it wishes", async () => {
			assert.equal(world.aws.shadow("one", name), undefined);
			world.aws.updateShadow("one", { state: { desired: { on: true } } }, name);
			assert.deepEqual((await one.json(`${base}/update/delta`)).state, { on: true });
			assert.throws(() => world.aws.updateShadow("one", { state: 1 }, name), /State node/);
			await update({ state: { reported: { on: true } } });
			assert.equal(world.aws.shadow("one", name)?.version, 2);
			world.aws.deleteShadow("one", name);
			assert.equal(world.aws.shadow("one", name), undefined);
		});
	});
}

describe("the local AWS: shadows", () => {
	const world = new World();
	afterEach(() => world.close());

	it(`answer 404 for a thing that is not registered ${errors}`, async () => {
		await world.open();
		const one = await world.client("one");
		await one.subscribe("$aws/things/none/shadow/get/rejected");
		one.publish("$aws/things/none/shadow/get", "");
		const { code, message } = await one.json("$aws/things/none/shadow/get/rejected");
		assert.deepEqual([code, message], [404, "Thing not found"]);
	});

	it(`answer 429 to the eleventh request of a connection that waits for its answer ${errors}`, async () => {
		await world.open({ strict: { answering: 1000 } });
		const one = await world.client("one");
		await one.subscribe("$aws/things/one/shadow/get/rejected");
		for (let count = 0; count < 11; ++count) one.publish("$aws/things/one/shadow/get", "");
		assert.equal((await one.json("$aws/things/one/shadow/get/rejected")).code, 429);
		await one.settled();
		world.clock.advance(1000);
		for (let count = 0; count < 10; ++count)
			assert.equal((await one.json("$aws/things/one/shadow/get/rejected")).code, 404);
	});

	it("are told to those that subscribe: the requests of others as well [reserved-topics.html]", async () => {
		await world.open();
		const watcher = await world.client("watcher");
		await watcher.subscribe("$aws/things/one/shadow/#");
		const one = await world.client("one");
		await one.deliver("$aws/things/one/shadow/update", '{"state":{"desired":{"a":1}}}');
		assert.deepEqual(
			(await watcher.topics()).map(topic => topic.replace("$aws/things/one/shadow/", "")),
			["update", "update/accepted", "update/delta", "update/documents"],
		);
	});
});
