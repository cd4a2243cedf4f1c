/**
 * AWS IoT Core as a feature of a board (device/feature.ts): the keys that it adds to a description, the records that it keeps, and
 * its parts: the wishes of outputs and the settings by device shadows, commands by jobs, the first certificate. Basic Ingest is a
 * prefix of topics (publisher.ts). What AWS takes of messages is in profile.ts, for boards without this feature too.
 */

import type { SessionLike, SessionOptions } from "../../session/options.js";
import type { Description } from "../description/description.js";
import { type Problem, report } from "../description/validate.js";
import type { Feature, Part, Parts } from "../feature.js";
import type { Names, Values } from "../json.js";
import type { Room } from "../memory.js";
import { profileOf } from "../profile.js";
import { admitting } from "./answer.js";
import Claim, { claimRoom } from "./claim.js";
import Jobs, { jobRoom } from "./jobs.js";
import Remote, { remoteRoom } from "./remote.js";
import Wishes, { markRoom } from "./wishes.js";

const { freeze } = Object;
const keys: readonly string[] = freeze(["shadow", "jobs", "ingest", "provisioning"]);
/** Bytes of slots and chunks. */
const Heap = freeze({ shadow: 5000, jobs: 1500, provisioning: 1500 });

const aws: Feature = freeze({
	board: freeze({
		shadow: "boolean ?",
		jobs: "boolean ?",
		ingest: "word 1..32 ?",
		provisioning: "name 1..36 ?",
	}),
	sensor: freeze({}),
	check(value: Values, problems: Problem[]): void {
		keys.forEach(key => {
			if (value[key] !== undefined && profileOf(value) !== "aws")
				problems.push({ key, expected: 'nothing without "profile":"aws"', found: `${value[key]}` });
		});
		const { ingest, homeAssistant } = value;
		if (typeof ingest === "string" && !isRule(ingest))
			report(problems, "ingest", "the name of a rule: A-Z a-z 0-9 _", ingest);
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
	make(parts: Parts): Part | undefined {
		const { shadow, jobs, provisioning } = parts.description;
		return shadow || jobs || provisioning ? new Aws(parts) : undefined;
	},
});

export default aws;

const isRule = (name: string): boolean =>
	Array.from(name).every(
		character =>
			(character >= "a" && character <= "z") ||
			(character >= "A" && character <= "Z") ||
			(character >= "0" && character <= "9") ||
			character === "_",
	);

class Aws implements Part {
	readonly inbound;
	private readonly parts: Parts;
	private readonly names: Pick<Names, "admits">;
	private readonly wishes: Wishes | undefined;
	private readonly remote: Remote | undefined;
	private readonly jobs: Jobs | undefined;

	constructor(parts: Parts) {
		const { shadow, jobs } = parts.description;
		const names = admitting(parts.names);
		this.parts = parts;
		this.names = names;
		this.wishes = shadow ? new Wishes(parts, names) : undefined;
		this.remote = shadow ? new Remote(parts, names) : undefined;
		this.jobs = jobs ? new Jobs(parts, names) : undefined;
		const all = [this.wishes?.shadow, this.remote?.shadow, this.jobs];
		this.inbound = all.flatMap(part => part?.inbound ?? []);
	}

	connect(options: SessionOptions): SessionLike | undefined {
		const { device, description, publisher } = this.parts;
		if (!description.provisioning || device.provision?.get("certificate") !== undefined) return undefined;
		if (device.provision && device.io.CertificateRequest) return new Claim(this.parts, this.names, options);
		publisher.report("provisioning: this host makes no key: the certificate of its image holds");
		return undefined;
	}

	online(): void {
		this.wishes?.shadow.online();
		this.remote?.report();
		this.jobs?.online();
	}

	offline(): void {
		this.jobs?.offline();
	}

	configured(): void {
		this.remote?.report();
	}

	close(): void {
		this.wishes?.shadow.close();
		this.remote?.shadow.close();
		this.jobs?.close();
	}
}
