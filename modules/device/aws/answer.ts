/**
 * A topic of AWS's answers, and which part of the board they are for (TOPICS.md, "AWS IoT Core"): a document is parsed here, and one that is
 * none is reported. Also the keys of AWS's documents, which messages may use beside those of the board.
 */

import type Board from "../board.js";
import { isRecord, type Names, parse, type Values } from "../json.js";
import type { Inbound } from "../listener.js";

/** A classic shadow has 8 KB, and about as much of metadata. */
const LONGEST = 20_000;

interface Owner {
	readonly parts: Board;
	/** A document, of this kind of answer. */
	answered(document: Values, kind: number): void;
}

/** A message on `topic` is given to `owner`, with the `kind` that the owner has for it. A closure would take 168 bytes more. */
export default class Answer implements Inbound {
	readonly topic: string;
	readonly QoS: 1;
	private readonly owner: Owner;
	private readonly kind: number;

	/** Nothing comes before the board is connected. */
	constructor(topic: string, owner: Owner, kind: number) {
		this.topic = topic;
		this.QoS = 1;
		this.owner = owner;
		this.kind = kind;
	}
	receive(payload: Uint8Array): void {
		const { names, publisher } = this.owner.parts;
		const { value, error } = parse(payload, LONGEST, admitting(names));
		if (isRecord(value)) this.owner.answered(value, this.kind);
		else publisher.report(`${this.topic}: ${error ?? "no object"}`);
	}
}

/** As names of a literal they lie in flash: a name that only a message brings takes memory for good. */
// biome-ignore format: a list of names
const keys = Object.freeze({
	state: 1, desired: 1, reported: 1, delta: 1, metadata: 1, timestamp: 1, version: 1, clientToken: 1, src: 1, code: 1,
	message: 1, execution: 1, jobId: 1, jobDocument: 1, status: 1, statusDetails: 1, thingName: 1, queuedAt: 1, startedAt: 1,
	lastUpdatedAt: 1, versionNumber: 1, executionNumber: 1, approximateSecondsBeforeTimedOut: 1, certificateId: 1,
	certificatePem: 1, certificateOwnershipToken: 1, deviceConfiguration: 1, statusCode: 1, errorCode: 1, errorMessage: 1,
});

/** The names of a board and those of AWS. */
export const admitting = (names: Names): Pick<Names, "admits"> => ({
	admits: name => Object.keys(keys).includes(name) || names.admits(name),
});
