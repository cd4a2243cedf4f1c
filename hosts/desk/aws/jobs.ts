/**
 * AWS IoT Jobs as a device sees them, over MQTT, and the calls that an operator makes as methods. Answers go to the client that asks,
 * subscribed or not; notifications go through the broker. What an execution is and may become is execution.ts's.
 * https://docs.aws.amazon.com/iot/latest/developerguide/jobs-mqtt-api.html
 */

import type { Broker, Client, Service } from "./broker.js";
import {
	change,
	type Execution,
	type JobError,
	JobRefusal,
	pending,
	stateOf,
	statusDetails,
	stepTimeout,
	summary,
	terminal,
	whole,
} from "./execution.js";
import type { Message } from "./session.js";

export interface Job {
	readonly jobId: string;
	readonly things: readonly string[];
	readonly document: object;
	/** From IN_PROGRESS to TIMED_OUT. */
	readonly timeoutInMinutes?: number;
}

type Request = { readonly [key: string]: unknown };

const base = "$aws/things/+/jobs";
const operations = ["get", "start-next", "+/get", "+/update"];
const topics = /^\$aws\/things\/([^/]+)\/jobs\/(?:(get|start-next)|([^/]+)\/(get|update))$/;
/** In one notification. */
const most = 10;

export class Jobs implements Service {
	readonly requests = operations.map(operation => `${base}/${operation}`);
	readonly answers = [
		...operations.flatMap(operation => [`${base}/${operation}/accepted`, `${base}/${operation}/rejected`]),
		`${base}/notify`,
		`${base}/notify-next`,
	];
	readonly #broker: Broker;
	/** Of each thing, in the order they were queued. */
	readonly #executions = new Map<string, Execution[]>();
	#failure: JobError | undefined;

	constructor(broker: Broker) {
		this.#broker = broker;
	}

	take(message: Message, from: Client): void {
		this.#broker.soon(() => this.#serve(message, from));
	}

	/** `CreateJob`. */
	create({ jobId, things, document, timeoutInMinutes }: Job): void {
		const now = this.#seconds();
		for (const thing of things) {
			const executions = this.#of(thing);
			if (executions.some(execution => execution.jobId === jobId))
				throw new Error(`job ${jobId}: ${thing} has it already`);
			this.#changing(thing, () => {
				executions.push({
					jobId,
					thing,
					document,
					timeoutInMinutes,
					status: "QUEUED",
					statusDetails: undefined,
					queuedAt: now,
					startedAt: undefined,
					lastUpdatedAt: now,
					versionNumber: 1,
					executionNumber: 1,
				});
			});
		}
	}

	/** `DescribeJobExecution`. */
	describe(jobId: string, thing: string): Execution | undefined {
		return this.#of(thing).find(execution => execution.jobId === jobId);
	}

	/** `CancelJob`: what is in progress goes on unless it is forced. */
	cancel(jobId: string, force = false): void {
		for (const [thing, executions] of this.#executions) {
			const execution = executions.find(execution => execution.jobId === jobId);
			if (!execution || terminal(execution) || (execution.status === "IN_PROGRESS" && !force)) continue;
			this.#changing(thing, () => change(execution, "CANCELED", this.#seconds()));
		}
	}

	/** `DeleteJob`, forced. */
	delete(jobId: string): void {
		for (const [thing, executions] of this.#executions)
			this.#changing(thing, () => {
				const index = executions.findIndex(execution => execution.jobId === jobId);
				if (index >= 0) executions.splice(index, 1);
			});
	}

	/** The executions of each thing, as data. Their timers begin anew with the next update. */
	get kept(): object {
		const executions = [...this.#executions].map(([thing, list]) => [
			thing,
			list.map(({ timers: _timers, ...execution }) => execution),
		]);
		return Object.fromEntries(executions);
	}
	restore(kept: { readonly [thing: string]: Execution[] }): void {
		for (const [thing, executions] of Object.entries(kept)) this.#executions.set(thing, executions);
	}

	/** The next request is answered with this. */
	fail(code: JobError): void {
		this.#failure = code;
	}

	#serve({ topic, payload }: Message, from: Client): void {
		const [, thing = "", operation, jobId = "", of] = topics.exec(topic) ?? [];
		let clientToken: unknown;
		try {
			const request = parse(payload);
			clientToken = request.clientToken;
			if (this.#failure) {
				const code = this.#failure;
				this.#failure = undefined;
				throw new JobRefusal(code, "as it was told to");
			}
			const result =
				operation === "get"
					? this.#getPending(thing)
					: operation === "start-next"
						? this.#startNext(thing, request)
						: of === "get"
							? this.#describe(thing, jobId, request)
							: this.#update(thing, jobId, request);
			this.#answer(from, `${topic}/accepted`, { ...result, clientToken });
		} catch (error) {
			if (!(error instanceof JobRefusal)) throw error;
			const { code, message, executionState } = error;
			this.#answer(from, `${topic}/rejected`, { code, message, executionState, clientToken });
		}
	}

	#getPending(thing: string): object {
		const executions = pending(this.#of(thing));
		const those = (status: string) => executions.filter(other => other.status === status).map(summary);
		return { inProgressJobs: those("IN_PROGRESS"), queuedJobs: those("QUEUED") };
	}

	/** One that is in progress already keeps its details. */
	#startNext(thing: string, request: Request): object {
		const details = statusDetails(request);
		const minutes = stepTimeout(request);
		const [execution] = pending(this.#of(thing));
		if (!execution) return {};
		if (execution.status === "QUEUED")
			this.#changing(thing, () => {
				change(execution, "IN_PROGRESS", this.#seconds(), details);
				this.#limit(execution, execution.timeoutInMinutes, "timeout");
			});
		this.#limit(execution, minutes, "step");
		return { execution: whole(execution) };
	}

	#describe(thing: string, jobId: string, { executionNumber, includeJobDocument }: Request): object {
		const [next] = pending(this.#of(thing));
		if (jobId === "$next") return next ? { execution: whole(next, includeJobDocument !== false) } : {};
		const execution = this.#found(thing, jobId, executionNumber);
		if (terminal(execution)) throw new JobRefusal("TerminalStateReached", `${jobId} is ${execution.status}`);
		return { execution: whole(execution, includeJobDocument !== false) };
	}

	#update(thing: string, jobId: string, request: Request): object {
		const { status, expectedVersion, executionNumber } = request;
		if (status !== "IN_PROGRESS" && status !== "FAILED" && status !== "SUCCEEDED" && status !== "REJECTED")
			throw new JobRefusal("InvalidRequest", "status: IN_PROGRESS, FAILED, SUCCEEDED or REJECTED");
		const details = statusDetails(request);
		const minutes = stepTimeout(request);
		const execution = this.#found(thing, jobId, executionNumber);
		if (expectedVersion !== undefined && Number(expectedVersion) !== execution.versionNumber)
			throw new JobRefusal(
				"VersionMismatch",
				`the version is ${execution.versionNumber}`,
				stateOf(execution),
			);
		if (terminal(execution))
			throw new JobRefusal(
				"InvalidStateTransition",
				`from ${execution.status} to ${status}`,
				stateOf(execution),
			);
		this.#changing(thing, () => change(execution, status, this.#seconds(), details));
		this.#limit(execution, execution.timeoutInMinutes, "timeout");
		this.#limit(execution, minutes, "step");
		return {
			...(request.includeJobExecutionState === true && { executionState: stateOf(execution) }),
			...(request.includeJobDocument === true && { jobDocument: execution.document }),
		};
	}

	#found(thing: string, jobId: string, executionNumber: unknown): Execution {
		const execution = this.describe(jobId, thing);
		if (!execution || (executionNumber !== undefined && executionNumber !== execution.executionNumber))
			throw new JobRefusal("ResourceNotFound", `${thing} has no job ${jobId}`);
		return execution;
	}

	/** Starts one of its two timers, where minutes are given; a new step takes the place of the last. */
	#limit(execution: Execution, minutes: number | undefined, timer: "step" | "timeout"): void {
		if (minutes === undefined || (timer === "timeout" && execution.timers?.timeout)) return;
		execution.timers ??= {};
		execution.timers[timer]?.();
		const stop = this.#broker.clock.after(minutes * 60_000, () => {
			if (!terminal(execution))
				this.#changing(execution.thing, () => change(execution, "TIMED_OUT", this.#seconds()));
		});
		execution.timers[timer] = stop;
	}

	/** Does it, and tells what it changes of the list. https://docs.aws.amazon.com/iot/latest/developerguide/jobs-comm-notifications.html */
	#changing(thing: string, what: () => void): void {
		const before = pending(this.#of(thing));
		what();
		const after = pending(this.#of(thing));
		const prefix = `$aws/things/${thing}/jobs`;
		const timestamp = this.#seconds();
		if (before.length !== after.length || before.some(execution => !after.includes(execution))) {
			const jobs: { [status: string]: object[] } = {};
			for (const execution of after.slice(0, most)) {
				const list = jobs[execution.status] ?? [];
				list.push(summary(execution));
				jobs[execution.status] = list;
			}
			this.#tell(`${prefix}/notify`, { timestamp, jobs });
		}
		const [next] = after;
		if (next !== before[0])
			this.#tell(`${prefix}/notify-next`, { timestamp, ...(next && { execution: whole(next) }) });
	}

	#tell(topic: string, what: object): void {
		this.#broker.route({ topic, payload: Buffer.from(JSON.stringify(what)), qos: 1, retain: false });
	}

	/** Straight to the client, while it is there. */
	#answer(to: Client, topic: string, what: object): void {
		const payload = Buffer.from(JSON.stringify({ ...what, timestamp: this.#seconds() }));
		if (this.#broker.connections.get(to.clientId) === to)
			to.session?.deliver({ topic, payload, qos: 1, retain: false });
	}

	#of(thing: string): Execution[] {
		let executions = this.#executions.get(thing);
		if (!executions) {
			executions = [];
			this.#executions.set(thing, executions);
		}
		return executions;
	}

	#seconds(): number {
		return Math.floor(this.#broker.clock.now() / 1000);
	}
}

function parse(payload: Buffer): Request {
	if (!payload.length) return {};
	let value: unknown;
	try {
		value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(payload));
	} catch {
		throw new JobRefusal("InvalidJson", "the request is no JSON in UTF-8");
	}
	if (typeof value !== "object" || value === null || Array.isArray(value))
		throw new JobRefusal("InvalidRequest", "the request is no object");
	return value as Request;
}
