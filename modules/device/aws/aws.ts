/**
 * AWS IoT Core as a feature of a board (device/start.ts; TOPICS.md, "AWS IoT Core"): the keys that it adds to a description, the records
 * that it keeps, and its parts: the wishes of outputs and the settings by device shadows, commands by jobs, the first certificate. Basic
 * Ingest is a prefix of topics (publisher.ts). What AWS takes of messages is in broker.ts, for boards without this feature too.
 */

import type Board from "../board.js";
import { profileOf } from "../broker.js";
import type { Description } from "../description/description.js";
import { type Problem, report } from "../description/validate.js";
import { isRecord, type Values } from "../json.js";
import type { Part } from "../listener.js";
import type { Room } from "../memory.js";
import type { Feature } from "../start.js";
import Claim, { claimRoom } from "./claim.js";
import Jobs, { jobRoom } from "./jobs.js";
import { Remote, remoteRoom } from "./shadow.js";
import Wishes, { markRoom } from "./wishes.js";

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
		const marks = shadow ? [...outputs.map(({ name }) => markRoom(name)), remoteRoom] : [];
		return [...marks, ...(jobs ? [jobRoom] : []), ...(provisioning ? [claimRoom] : [])];
	},
	heap: ({ shadow, jobs, provisioning }: Description) =>
		(shadow ? Heap.shadow : 0) + (jobs ? Heap.jobs : 0) + (provisioning ? Heap.provisioning : 0),
	make(parts: Board): readonly Part[] {
		const { device, description, publisher } = parts;
		const { shadow, jobs, provisioning } = description;
		const { provision, io } = device;
		const made: Part[] = shadow ? [new Wishes(parts), new Remote(parts)] : [];
		if (jobs) made.push(new Jobs(parts));
		if (!provisioning || provision?.get("certificate") !== undefined) return made;
		if (provision && io.CertificateRequest)
			made.push({ connect: options => new Claim(parts, options).session, close() {} });
		else publisher.report("provisioning: this host makes no key: the certificate of its image holds");
		return made;
	},
});

export default aws;
