/**
 * One execution of a job on a thing: its states, what a request may say of it, and the forms it is told in. No topics.
 * https://docs.aws.amazon.com/iot/latest/developerguide/jobs-mqtt-https-api.html and jobs-api.html
 */

export type Status =
	| "QUEUED"
	| "IN_PROGRESS"
	| "FAILED"
	| "SUCCEEDED"
	| "CANCELED"
	| "TIMED_OUT"
	| "REJECTED"
	| "REMOVED";

export interface Execution {
	readonly jobId: string;
	readonly thing: string;
	readonly document: object;
	readonly timeoutInMinutes: number | undefined;
	status: Status;
	statusDetails: { readonly [name: string]: string } | undefined;
	/** Seconds since 1970, as all of these. */
	readonly queuedAt: number;
	startedAt: number | undefined;
	lastUpdatedAt: number;
	versionNumber: number;
	readonly executionNumber: number;
	/** What calls off its timers. */
	timers?: { step?: () => void; timeout?: () => void };
}

/** https://docs.aws.amazon.com/iot/latest/developerguide/jobs-api.html#jobs-mqtt-error-response */
export type JobError =
	| "InvalidJson"
	| "InvalidRequest"
	| "InvalidStateTransition"
	| "ResourceNotFound"
	| "VersionMismatch"
	| "InternalError"
	| "RequestThrottled"
	| "TerminalStateReached";

export class JobRefusal extends Error {
	readonly code: JobError;
	/** With InvalidStateTransition and VersionMismatch. */
	readonly executionState: object | undefined;
	constructor(code: JobError, message: string, executionState?: object) {
		super(message);
		this.code = code;
		this.executionState = executionState;
	}
}

/** Of status details: https://docs.aws.amazon.com/general/latest/gr/iot_device_management.html#job-limits */
const details = { pairs: 10, key: 128, value: 1024 };
/** The longest that a step may take. */
const week = 7 * 24 * 60;

export function terminal({ status }: Execution): boolean {
	return status !== "QUEUED" && status !== "IN_PROGRESS";
}

/** Those in progress first, and then by their age. */
export function pending(executions: readonly Execution[]): Execution[] {
	const those = (status: Status) => executions.filter(execution => execution.status === status);
	return [...those("IN_PROGRESS"), ...those("QUEUED")];
}

export function change(
	execution: Execution,
	status: Status,
	now: number,
	told?: Execution["statusDetails"],
): void {
	execution.status = status;
	execution.statusDetails = told ?? execution.statusDetails;
	if (status === "IN_PROGRESS") execution.startedAt ??= now;
	execution.lastUpdatedAt = now;
	execution.versionNumber++;
	if (!terminal(execution)) return;
	execution.timers?.step?.();
	execution.timers?.timeout?.();
}

/** JobExecutionSummary. */
export function summary(execution: Execution): object {
	const { jobId, queuedAt, startedAt, lastUpdatedAt, versionNumber, executionNumber } = execution;
	return { jobId, queuedAt, startedAt, lastUpdatedAt, versionNumber, executionNumber };
}

/** JobExecution. */
export function whole(execution: Execution, withDocument = true): object {
	const { thing: thingName, status, statusDetails, document: jobDocument } = execution;
	return { ...summary(execution), thingName, status, statusDetails, ...(withDocument && { jobDocument }) };
}

/** JobExecutionState. */
export function stateOf({ status, statusDetails = {}, versionNumber }: Execution): object {
	return { status, statusDetails, versionNumber };
}

/** Of a request; undefined leaves them as they are. */
export function statusDetails({ statusDetails: told }: { readonly [key: string]: unknown }) {
	if (told === undefined) return undefined;
	const pairs = typeof told === "object" && told !== null && !Array.isArray(told) ? Object.entries(told) : [];
	const right = pairs.every(
		([key, value]) =>
			/^[a-zA-Z0-9:_-]+$/.test(key) &&
			key.length <= details.key &&
			typeof value === "string" &&
			value.length <= details.value,
	);
	if (typeof told !== "object" || !right || pairs.length > details.pairs)
		throw new JobRefusal("InvalidRequest", "statusDetails: at most ten pairs of strings");
	return told as { readonly [name: string]: string };
}

/** Minutes, of a request; -1 is none. */
export function stepTimeout({ stepTimeoutInMinutes: minutes }: { readonly [key: string]: unknown }) {
	if (minutes === undefined || minutes === -1) return undefined;
	if (!Number.isInteger(minutes) || (minutes as number) < 1 || (minutes as number) > week)
		throw new JobRefusal("InvalidRequest", `stepTimeoutInMinutes: 1 to ${week}`);
	return minutes as number;
}
