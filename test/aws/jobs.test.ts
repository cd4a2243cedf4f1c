/** AWS IoT Jobs at the local AWS IoT Core, as a device sees them. Each title ends with the page that the rule is from. */

import assert from "node:assert/strict";
import type { IPublishPacket } from "mqtt-packet";
import { type Client, World } from "./world.js";

const api = "[jobs-mqtt-api.html]";
const errors = "[jobs-api.html#jobs-mqtt-error-response]";
const notifications = "[jobs-comm-notifications.html]";
const base = "$aws/things/one/jobs";
const second = 1_750_000_000;

describe("the local AWS: jobs", () => {
	const world = new World();
	let one: Client;
	beforeEach(async () => {
		await world.open();
		one = await world.client("one", { keepalive: 1200 });
	});
	afterEach(() => world.close());

	const create = (jobId: string, more: { timeoutInMinutes?: number } = {}) =>
		world.aws.createJob({ jobId, things: ["one"], document: { operation: jobId }, ...more });
	const ask = async (operation: string, request: object | string = {}) => {
		one.publish(`${base}/${operation}`, typeof request === "string" ? request : JSON.stringify(request));
		const packet = (await one.next("publish")) as IPublishPacket;
		one.acknowledge(packet);
		const answer = JSON.parse(packet.payload.toString());
		return { ...answer, answer: packet.topic.slice(`${base}/${operation}/`.length) };
	};

	it(`answer the client that asks, which has not subscribed ${api}`, async () => {
		create("first");
		assert.deepEqual(await ask("get", { clientToken: "t" }), {
			answer: "accepted",
			inProgressJobs: [],
			queuedJobs: [
				{ jobId: "first", queuedAt: second, lastUpdatedAt: second, versionNumber: 1, executionNumber: 1 },
			],
			timestamp: second,
			clientToken: "t",
		});
	});

	it("answer no other client that has subscribed [reserved-topics.html#reserved-topics-job]", async () => {
		const watcher = await world.client("watcher");
		await watcher.subscribe(`${base}/get/accepted`);
		await ask("get");
		assert.deepEqual(await watcher.topics(), []);
	});

	it(`start the next: it is in progress, with the details that were given and its document ${api}`, async () => {
		create("first");
		world.clock.advance(2000);
		const { execution } = await ask("start-next", { statusDetails: { step: "1" } });
		assert.deepEqual(execution, {
			jobId: "first",
			thingName: "one",
			status: "IN_PROGRESS",
			statusDetails: { step: "1" },
			queuedAt: second,
			startedAt: second + 2,
			lastUpdatedAt: second + 2,
			versionNumber: 2,
			executionNumber: 1,
			jobDocument: { operation: "first" },
		});
		const again = await ask("start-next", { statusDetails: { step: "2" } });
		assert.deepEqual(again.execution, execution);
	});

	it(`have no execution in the answer when none is pending ${api}`, async () => {
		assert.deepEqual(await ask("start-next", { clientToken: "t" }), {
			answer: "accepted",
			timestamp: second,
			clientToken: "t",
		});
		assert.equal((await ask("$next/get")).execution, undefined);
	});

	it(`describe one, or the next, with its document or without ${api}`, async () => {
		create("first");
		create("second");
		assert.deepEqual((await ask("$next/get")).execution.jobDocument, { operation: "first" });
		assert.deepEqual((await ask("second/get")).execution.jobDocument, { operation: "second" });
		const { execution } = await ask("second/get", { includeJobDocument: false });
		assert.equal(execution.jobDocument, undefined);
	});

	it(`are updated, and tell state and document where that is asked for ${api}`, async () => {
		create("first");
		const told = await ask("first/update", { status: "IN_PROGRESS", clientToken: "t" });
		assert.deepEqual(told, { answer: "accepted", timestamp: second, clientToken: "t" });
		const { executionState, jobDocument } = await ask("first/update", {
			status: "SUCCEEDED",
			statusDetails: { done: "yes" },
			expectedVersion: 2,
			includeJobExecutionState: true,
			includeJobDocument: true,
		});
		assert.deepEqual(executionState, {
			status: "SUCCEEDED",
			statusDetails: { done: "yes" },
			versionNumber: 3,
		});
		assert.deepEqual(jobDocument, { operation: "first" });
		assert.equal(world.aws.job("first", "one")?.status, "SUCCEEDED");
	});

	const long = { a: "x".repeat(1025) };
	for (const [what, operation, request, code] of [
		["no JSON", "get", "{", "InvalidJson"],
		["an array", "get", "[]", "InvalidRequest"],
		["a job that is not there", "none/get", {}, "ResourceNotFound"],
		["another execution number", "first/get", { executionNumber: 2 }, "ResourceNotFound"],
		["no status", "first/update", {}, "InvalidRequest"],
		["a status that a device may not set", "first/update", { status: "CANCELED" }, "InvalidRequest"],
		[
			"details that are no strings",
			"first/update",
			{ status: "FAILED", statusDetails: { a: 1 } },
			"InvalidRequest",
		],
		[
			"details that are too long",
			"first/update",
			{ status: "FAILED", statusDetails: long },
			"InvalidRequest",
		],
		["a step of no minutes", "start-next", { stepTimeoutInMinutes: 0 }, "InvalidRequest"],
		["another version", "first/update", { status: "FAILED", expectedVersion: 7 }, "VersionMismatch"],
	] as const)
		it(`reject ${what} with ${code} ${errors}`, async () => {
			create("first");
			const rejected = await ask(operation, request);
			assert.deepEqual([rejected.answer, rejected.code], ["rejected", code]);
			if (code === "VersionMismatch")
				assert.deepEqual(rejected.executionState, {
					status: "QUEUED",
					statusDetails: {},
					versionNumber: 1,
				});
		});

	it(`reject any change of an execution that has ended, and its description ${errors}`, async () => {
		create("first");
		await ask("first/update", { status: "FAILED" });
		const { code, executionState } = await ask("first/update", { status: "IN_PROGRESS" });
		assert.deepEqual([code, executionState.status], ["InvalidStateTransition", "FAILED"]);
		assert.equal((await ask("first/get")).code, "TerminalStateReached");
	});

	it(`fail at times: InternalError, RequestThrottled ${errors}`, async () => {
		world.aws.jobs.fail("RequestThrottled");
		assert.equal((await ask("get")).code, "RequestThrottled");
		assert.equal((await ask("get")).answer, "accepted");
	});

	it(`time out after the step's minutes, unless a new step begins ${api}`, async () => {
		create("first");
		await ask("start-next", { stepTimeoutInMinutes: 2 });
		await one.settled();
		world.clock.advance(100_000);
		await ask("first/update", { status: "IN_PROGRESS", stepTimeoutInMinutes: 1 });
		await one.settled();
		world.clock.advance(59_999);
		assert.equal(world.aws.job("first", "one")?.status, "IN_PROGRESS");
		world.clock.advance(1);
		assert.equal(world.aws.job("first", "one")?.status, "TIMED_OUT");
	});

	it("time out after the job's own minutes, also in the middle of its steps [jobs-configurations-details.html]", async () => {
		create("first", { timeoutInMinutes: 1 });
		await ask("start-next", { stepTimeoutInMinutes: 10 });
		world.clock.advance(60_000);
		assert.equal(world.aws.job("first", "one")?.status, "TIMED_OUT");
	});

	it(`notify of what is added to the list and taken from it, and not of what starts ${notifications}`, async () => {
		await one.subscribe(`${base}/notify`);
		create("first");
		const added = (await one.json(`${base}/notify`)) as { jobs: { QUEUED: { jobId: string }[] } };
		assert.deepEqual(
			added.jobs.QUEUED.map(({ jobId }) => jobId),
			["first"],
		);
		assert.equal((await ask("start-next")).answer, "accepted");
		assert.equal((await ask("first/update", { status: "IN_PROGRESS" })).answer, "accepted");
		one.publish(`${base}/first/update`, '{"status":"SUCCEEDED"}');
		assert.deepEqual((await one.json(`${base}/notify`)).jobs, {});
	});

	it(`notify of the next one only when it is another ${notifications}`, async () => {
		await one.subscribe(`${base}/notify-next`);
		create("first");
		const { execution } = (await one.json(`${base}/notify-next`)) as { execution: { jobId: string } };
		assert.equal(execution.jobId, "first");
		create("second");
		one.publish(`${base}/second/update`, '{"status":"IN_PROGRESS"}');
		const overtaken = (await one.json(`${base}/notify-next`)) as { execution: { jobId: string } };
		assert.equal(overtaken.execution.jobId, "second");
		world.aws.cancelJob("first");
		world.aws.cancelJob("second");
		assert.equal(world.aws.job("second", "one")?.status, "IN_PROGRESS");
		world.aws.cancelJob("second", { force: true });
		assert.equal((await one.json(`${base}/notify-next`)).execution, undefined);
	});

	it("notify of a job that is deleted [jobs-comm-notifications.html]", async () => {
		create("first");
		await one.subscribe(`${base}/notify`);
		world.aws.jobs.delete("first");
		assert.deepEqual((await one.json(`${base}/notify`)).jobs, {});
	});

	it("end the connection for a topic of theirs that is none [reserved-topics.html]", async () => {
		one.publish(`${base}/first/cancel`, "{}");
		await one.ended();
	});
});
