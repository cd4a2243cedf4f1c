/** AWS's jobs: each is carried out once, over restarts and repeated answers, and its end is told with the reason. */

import assert from "node:assert/strict";
import aws from "../../../modules/device/aws/aws.js";
import { World } from "../stage.js";

const description = { profile: "aws", jobs: true, lamp: { pin: 2 } };
const base = "$aws/things/b/jobs/";

interface Job {
	readonly jobId: string;
	readonly jobDocument: unknown;
	readonly executionNumber: number;
	status: string;
}

/** A board and the jobs that the service has for it. */
class Stage {
	readonly world = new World();
	readonly jobs: Job[] = [];
	/** Job and status, with the reason, as they were told. */
	readonly told: string[] = [];
	/** The service's answers to `start-next` get lost. */
	silent = false;
	/** Its answers come twice. */
	twice = false;
	/** All that it has answered, in its order. */
	readonly answers: object[] = [];

	constructor(more: object = {}) {
		this.world.onPublish = ({ topic, payload }) => {
			if (topic === `${base}start-next`) this.world.soon(() => this.#start(JSON.parse(payload).clientToken));
			const [, id] = /^\$aws\/things\/b\/jobs\/(.+)\/update$/.exec(topic) ?? [];
			if (!id) return;
			const { status, statusDetails, executionNumber } = JSON.parse(payload);
			const job = this.jobs.find(job => job.jobId === id && job.executionNumber === executionNumber);
			if (!job) return;
			this.told.push(`${id} ${status}${statusDetails ? `: ${statusDetails.reason}` : ""}`);
			job.status = status;
			this.world.soon(() => this.#notify());
		};
		this.start(more);
	}
	start(more: object = {}): void {
		this.world.start({ ...description, ...more }, [aws]);
		this.world.link.connect();
		this.world.clock.advance(1000);
	}
	/** The power goes, and comes back. */
	again(): void {
		this.world.kill();
		this.start();
	}
	add(jobId: string, jobDocument: unknown, executionNumber = 1): void {
		this.jobs.push({ jobId, jobDocument, executionNumber, status: "QUEUED" });
		this.#notify();
		this.world.clock.advance(1000);
	}
	get #next(): Job | undefined {
		return this.jobs.find(({ status }) => status === "QUEUED" || status === "IN_PROGRESS");
	}
	#notify(): void {
		const { jobDocument, ...execution } = this.#next ?? {};
		this.#deliver("notify-next", this.#next ? { execution } : {});
	}
	/** An answer comes again, without DUP. */
	repeat(index: number): void {
		this.#deliver("start-next/accepted", this.answers[index] ?? {});
		this.world.clock.advance(1000);
	}
	#start(clientToken?: string): void {
		const job = this.#next;
		if (this.silent) return;
		if (job) job.status = "IN_PROGRESS";
		const times = { queuedAt: 1, startedAt: 2, lastUpdatedAt: 2, versionNumber: 2 };
		const answer = { timestamp: 3, clientToken, ...(job && { execution: { ...job, ...times } }) };
		this.answers.push(answer);
		this.#deliver("start-next/accepted", answer);
		if (this.twice) this.#deliver("start-next/accepted", answer);
	}
	#deliver(topic: string, what: object): void {
		if (this.world.link.online) this.world.link.receive(base + topic, JSON.stringify(what));
	}
}

describe("jobs of AWS", () => {
	it("asks for the next job when it connects and when there is another", () => {
		const stage = new Stage();
		stage.add("one", { cmd: "config", set: { lamp: { failSafe: 5000 } } });
		stage.add("two", { cmd: "config", set: { lamp: { failSafe: 6000 } } });
		assert.deepEqual(stage.told, ["one SUCCEEDED", "two SUCCEEDED"]);
	});
	it("does those that waited for it, in their order", () => {
		const stage = new Stage();
		stage.world.link.disconnect();
		stage.add("one", { cmd: "config" });
		stage.add("two", { cmd: "identify" });
		stage.world.link.connect();
		stage.world.clock.advance(1000);
		assert.deepEqual(stage.told, ["one SUCCEEDED", "two SUCCEEDED"]);
	});
	it("restarts once, and says so in its next life", () => {
		const stage = new Stage();
		stage.twice = true;
		stage.add("one", { cmd: "restart" });
		assert.equal(stage.world.restarts, 1);
		assert.deepEqual([stage.told, stage.jobs[0]?.status], [[], "IN_PROGRESS"]);
		stage.again();
		stage.again();
		assert.equal(stage.world.restarts, 1);
		assert.deepEqual(stage.told, ["one SUCCEEDED"]);
	});
	for (const [title, document, reason] of [
		[
			"a wrong setting",
			{ cmd: "config", set: { lamp: { failSafe: 1 } } },
			/^one FAILED: lamp\.failSafe: expected/,
		],
		["a word that there is not", { cmd: "update" }, /^one FAILED: cmd: expected one of .*, found "update"/],
		["a key that there is not", { cmd: "restart", when: 5 }, /^one FAILED: when: expected/],
		["no object", "restart", /^one FAILED: expected a job document such as/],
	] as const)
		it(`fails for ${title}, with the reason`, () => {
			const stage = new Stage();
			stage.add("one", document);
			assert.equal(stage.told.length, 1);
			assert.match(stage.told[0] ?? "", reason);
			assert.equal(stage.world.restarts, 0);
		});
	it("fails for what the description does not allow", () => {
		const stage = new Stage({ commands: ["info"] });
		stage.add("one", { cmd: "restart" });
		assert.deepEqual(stage.told, [
			'one FAILED: cmd: expected one that the description\'s `commands` allows, found "restart"',
		]);
	});
	it("does not carry a job out again that is offered again, and tells its end again", () => {
		const stage = new Stage();
		stage.add("one", { cmd: "config", set: { lamp: { failSafe: 5000 } } });
		const [job] = stage.jobs;
		if (job) job.status = "IN_PROGRESS"; // the service has not heard it
		stage.world.link.receive("cmd", '{"cmd":"config","set":{"lamp":{"failSafe":9000}}}');
		stage.again();
		assert.deepEqual(stage.told, ["one SUCCEEDED", "one SUCCEEDED"]);
		stage.world.link.receive("cmd", "config");
		assert.match(stage.world.on("cmd/result").at(-1) ?? "", /9000/);
	});
	it("says that a job has failed which a loss of power has cut off, wherever, or that it is done", () => {
		let cut = 0;
		for (let done = false; !done; cut++) {
			const stage = new Stage();
			stage.world.cutAfter = cut;
			stage.add("one", { cmd: "config", set: { lamp: { failSafe: 5000 } } });
			done = !stage.world.dead;
			const noted = stage.world.records.has("job");
			stage.again();
			stage.again();
			const [first] = stage.told;
			assert.ok(first, `cut ${cut}`);
			assert.match(first, noted && !done ? /SUCCEEDED|FAILED: the board restarted/ : /SUCCEEDED/);
			assert.equal(new Set(stage.told).size, 1, stage.told.join());
		}
		assert.ok(cut > 3);
	});
	it("is forgotten as a job, and leaves once the service knows it", () => {
		const stage = new Stage();
		stage.world.link.deaf = true;
		stage.add("one", { cmd: "forget" });
		stage.world.clock.advance(5000);
		assert.equal(stage.world.link.closed, false, "its end is in the outbox");
		stage.world.link.deaf = false;
		stage.world.link.drain();
		stage.world.clock.advance(5000);
		assert.deepEqual(stage.told, ["one SUCCEEDED"]);
		assert.equal(stage.world.link.closed, true);
	});
	it("does nothing where it cannot be noted: it could be done again", () => {
		const stage = new Stage();
		stage.world.refusing = true;
		stage.add("one", { cmd: "restart" });
		assert.equal(stage.world.restarts, 0);
		assert.deepEqual(stage.told, ["one FAILED: could not be stored: not done"]);
	});
	it("does not do an old job again over a newer one, whose answer comes again", () => {
		const stage = new Stage();
		const set = (failSafe: number) => ({ cmd: "config", set: { lamp: { failSafe } } });
		stage.add("one", set(5000));
		stage.add("two", set(6000));
		assert.deepEqual(stage.told, ["one SUCCEEDED", "two SUCCEEDED"]);
		const first = stage.answers.findIndex(answer => "execution" in answer);
		const again = () => {
			stage.repeat(first);
			stage.world.link.receive("cmd", "config");
			stage.world.clock.advance(0);
			assert.match(stage.world.on("cmd/result").at(-1) ?? "", /"failSafe":6000/);
		};
		again();
		stage.silent = true;
		stage.world.link.disconnect();
		stage.world.link.connect(true);
		again();
		stage.again();
		again();
		assert.deepEqual(stage.told, ["one SUCCEEDED", "two SUCCEEDED"]);
	});
	it("does a job again that is executed a second time, over restarts too", () => {
		const stage = new Stage();
		stage.add("one", { cmd: "restart" });
		stage.again();
		assert.deepEqual([stage.told, stage.world.restarts], [["one SUCCEEDED"], 1]);
		stage.add("one", { cmd: "restart" }, 2);
		assert.deepEqual([stage.told, stage.world.restarts], [["one SUCCEEDED"], 2]);
		stage.again();
		assert.deepEqual([stage.told, stage.world.restarts], [["one SUCCEEDED", "one SUCCEEDED"], 2]);
	});
	it("asks again where the question found no room", () => {
		const stage = new Stage();
		stage.world.link.room = 0;
		stage.add("one", { cmd: "config" });
		assert.deepEqual(stage.told, []);
		stage.world.link.room = Number.POSITIVE_INFINITY;
		stage.world.clock.advance(1000);
		assert.deepEqual(stage.told, ["one SUCCEEDED"]);
	});
	it("tells an end again that found no room in the outbox", () => {
		const stage = new Stage();
		const { outbox } = stage.world;
		const append = outbox.append;
		outbox.append = () => 0;
		stage.add("one", { cmd: "config" });
		assert.deepEqual(stage.told, []);
		outbox.append = append;
		stage.world.clock.advance(1000);
		assert.deepEqual(stage.told, ["one SUCCEEDED"]);
	});
	for (const answer of [
		"",
		"{",
		"{}",
		'{"execution":{}}',
		'{"execution":{"jobId":7,"executionNumber":1}}',
		'{"execution":{"jobId":"a/b","executionNumber":1}}',
		'{"execution":{"jobId":"a"}}',
	])
		it(`does nothing for ${answer || "nothing"}`, () => {
			const { world } = new Stage();
			const { length } = world.published;
			const { clientToken } = world.json(`${base}start-next`).at(-1) ?? {};
			const own = answer.replace(/^{"/, `{"clientToken":"${clientToken}","`);
			world.link.receive(`${base}start-next/accepted`, own);
			world.clock.advance(1000);
			assert.equal(world.published.length, length);
		});
});
