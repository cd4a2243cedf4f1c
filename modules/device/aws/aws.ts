/**
 * AWS IoT Core as a feature of a board (device/start.ts; TOPICS.md, "AWS IoT Core"): the keys that it adds to a description, the records
 * that it keeps, and its parts: the wishes of outputs and the settings by device shadows, commands by jobs (here), the first certificate.
 * Basic Ingest is a prefix of topics (publisher.ts). What AWS takes of messages is in broker.ts, for boards without this feature too.
 */

import type Board from "../board.js";
import { profileOf } from "../broker.js";
import type { Description } from "../description/description.js";
import { type Problem, report } from "../description/validate.js";
import { isRecord, type Values } from "../json.js";
import type { Part } from "../listener.js";
import type { Room } from "../memory.js";
import type { Feature } from "../start.js";
import topics from "../topics.js";
import Claim, { claimRoom } from "./claim.js";
import { Exchange, Remote, remoteRoom } from "./shadow.js";
import Wishes, { wishRoom } from "./wishes.js";

const { freeze } = Object;
const none = freeze({});
const keys: readonly string[] = freeze(["shadow", "jobs", "ingest", "provisioning", "parameters"]);
/** Bytes of slots and chunks. */
const Heap = freeze({ shadow: 5000, jobs: 1500, provisioning: 1500 });

const aws: Feature = freeze({
	board: freeze({
		shadow: "boolean ?",
		jobs: "boolean ?",
		ingest: "name 1..32 ?",
		provisioning: "name 1..36 ?",
		parameters: "any ?",
	}),
	sensor: freeze({}),
	check(value: Values, problems: Problem[]): void {
		keys.forEach(key => {
			if (value[key] !== undefined && profileOf(value) !== "aws")
				problems.push({ key, expected: 'nothing without "profile":"aws"', found: `${value[key]}` });
		});
		const { ingest, homeAssistant, parameters = none } = value;
		if (`${ingest}`.includes("-")) report(problems, "ingest", "the name of a rule: A-Z a-z 0-9 _", ingest);
		if (!isRecord(parameters) || !Object.values(parameters).every(each => typeof each === "string"))
			report(problems, "parameters", "an object of texts, as the template names them", parameters);
		if (ingest !== undefined && homeAssistant)
			report(
				problems,
				"homeAssistant",
				"nothing beside ingest: measurements reach AWS's rules only",
				homeAssistant,
			);
	},
	rooms: ({ shadow, jobs, provisioning, lamp, actuators }: Description): readonly Room[] => {
		const outputs = lamp ? [...actuators, { name: "lamp" }] : actuators;
		const marks = shadow ? [...outputs.map(({ name }) => wishRoom(name)), remoteRoom] : [];
		return [...marks, ...(jobs ? [jobRoom] : []), ...(provisioning ? [claimRoom] : [])];
	},
	heap: ({ shadow, jobs, provisioning }: Description) =>
		(shadow ? Heap.shadow : 0) + (jobs ? Heap.jobs : 0) + (provisioning ? Heap.provisioning : 0),
	make(board: Board): readonly Part[] {
		const { device, description, publisher } = board;
		const { shadow, jobs, provisioning } = description;
		const { provision, io } = device;
		const made: Part[] = shadow ? [new Wishes(board), new Remote(board)] : [];
		if (jobs) made.push(new Jobs(board));
		if (!provisioning || provision?.get("certificate") !== undefined) return made;
		if (provision && io.CertificateRequest)
			made.push({ connect: options => new Claim(board, options).session, close() {} });
		else publisher.report("provisioning: this host makes no key: the certificate of its image holds");
		return made;
	},
});

export default aws;

const KEY = "job";
const ID = 64;
const REASON = 100;
/** Milliseconds until it is asked again where a message found no room. */
const AGAIN = 500;
const jobRoom: Room = Object.freeze([KEY, ID + REASON + 90] as const);

/**
 * AWS's jobs as commands: a job document is what `cmd` takes, `{"cmd":"restart"}`, `config` with `set`, `forget`. Taken is the answer
 * to the last question only, and once, for AWS repeats and keeps no order. Each is noted before it is begun and carried out once, over
 * restarts too; its end is told by way of the outbox, so the board does not leave before the service knows it. One that a restart
 * cuts off has failed, unless it was the restart. Knows no step timers, downloads nothing, and rejects no job: each is tried.
 * https://docs.aws.amazon.com/iot/latest/developerguide/jobs-mqtt-api.html
 */
class Jobs extends Exchange {
	/** An earlier life has begun the job that is noted, and has not ended it. */
	private cut: boolean;
	/** The end of the job that is noted was told on this connection. */
	private said = false;

	constructor(board: Board) {
		super(board, "jobs", ["notify-next", "start-next/accepted"]);
		const { id, end } = board.memory.get(KEY);
		this.cut = id !== undefined && end === undefined;
	}

	override offline(): void {
		this.said = false;
		super.offline();
	}

	override answered({ clientToken, execution }: Values, name: string): void {
		const found = isRecord(execution) && execution.jobId !== undefined ? execution : undefined;
		if (name !== "notify-next") this.started(clientToken, found);
		else if (found) this.ask();
	}

	protected override ask(): void {
		this.token = this.board.boot.nextToken();
		this.send("start-next", { clientToken: this.token }, false);
	}

	/** The job is the board's to carry out: it is IN_PROGRESS by now. */
	private started(clientToken: unknown, execution: Values = {}): void {
		const { memory } = this.board;
		if (!clientToken || clientToken !== this.token) return;
		this.token = "";
		const { jobId: id, executionNumber: n, jobDocument } = execution;
		if (typeof id !== "string" || !topics.isName(id, ID) || typeof n !== "number") return;
		const last = memory.get(KEY);
		// One job may be executed again, under another number.
		if (last.id !== id || last.n !== n) {
			const { cmd } = isRecord(jobDocument) ? jobDocument : {};
			this.cut = false;
			// What cannot be noted could be done again.
			const noted = memory.put(KEY, { id, n, cmd: `${cmd}`.slice(0, 16) });
			const error = !noted
				? "could not be stored: not done"
				: isRecord(jobDocument)
					? this.board.perform(jobDocument).error
					: 'expected a job document such as {"cmd":"restart"}';
			// The next life says that it has come about.
			if (error !== undefined || cmd !== "restart") this.end(id, n, error);
		} else if (last.end !== undefined) {
			if (!this.said) this.say(id, n, last.end as string);
		} else if (this.cut)
			this.end(id, n, last.cmd === "restart" ? undefined : "the board restarted before it was done");
	}

	private end(id: string, n: number, error: unknown): void {
		const end = error === undefined ? "" : `${error}`.slice(0, REASON);
		this.board.memory.put(KEY, { id, n, end });
		this.say(id, n, end);
	}

	/** Empty: it is done. */
	private say(id: string, executionNumber: number, reason: string): void {
		const status = reason ? { status: "FAILED", statusDetails: { reason } } : { status: "SUCCEEDED" };
		this.said = this.send(`${id}/update`, { ...status, executionNumber }, true);
	}

	/** What found no room is made up for by the next answer: a job that has not ended for the service comes with it. */
	private send(name: string, what: object, lasting: boolean): boolean {
		const sent = this.board.publisher.send(this.base + name, JSON.stringify(what), lasting);
		if (!sent) this.turn.set(AGAIN);
		return sent;
	}
}
