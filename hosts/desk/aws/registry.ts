/**
 * Things, certificates and policies, and which belongs to which, in a folder: what `aws iot create-thing`, `attach-policy` and
 * `attach-thing-principal` do. A certificate has policies and things; a thing has no policy of its own.
 * https://docs.aws.amazon.com/iot/latest/developerguide/iot-thing-management.html
 */

import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Issued } from "./authority.js";
import { checkPolicy, type PolicyDocument } from "./policy.js";

/** https://docs.aws.amazon.com/iot/latest/developerguide/fleet-provision-api.html: pending until RegisterThing. */
export type Status = "ACTIVE" | "INACTIVE" | "PENDING_ACTIVATION";

export interface Certificate {
	/** Under which its files are kept; of a certificate made on request there are none. */
	readonly name?: string | undefined;
	readonly pem: string;
	status: Status;
	readonly things: string[];
	readonly policies: string[];
}

interface Kept {
	readonly things: { [name: string]: { [attribute: string]: string } };
	readonly certificates: { [id: string]: Certificate };
}

const names = /^[a-zA-Z0-9:_-]{1,128}$/;

export class Registry {
	readonly folder: string;
	readonly #kept: Kept;
	readonly #policies = new Map<string, PolicyDocument>();

	constructor(folder: string) {
		this.folder = folder;
		const file = join(folder, "registry.json");
		this.#kept = existsSync(file)
			? (JSON.parse(readFileSync(file, "utf8")) as Kept)
			: { things: {}, certificates: {} };
		const policies = join(folder, "policies");
		mkdirSync(policies, { recursive: true });
		for (const name of readdirSync(policies).filter(name => name.endsWith(".json"))) {
			const document = JSON.parse(readFileSync(join(policies, name), "utf8")) as PolicyDocument;
			checkPolicy(join(policies, name), document);
			this.#policies.set(basename(name, ".json"), document);
		}
	}

	hasPolicy(name: string): boolean {
		return this.#policies.has(name);
	}

	/** Kept as policies/NAME.json, which a person may change. */
	createPolicy(name: string, document: PolicyDocument): void {
		if (!/^[\w+=,.@-]{1,128}$/.test(name)) throw new Error(`policy ${name}: expected a name`);
		checkPolicy(name, document);
		this.#policies.set(name, document);
		writeFileSync(
			join(this.folder, "policies", `${name}.json`),
			`${JSON.stringify(document, undefined, "\t")}\n`,
		);
	}

	hasThing(name: string): boolean {
		return Object.hasOwn(this.#kept.things, name);
	}

	/** https://docs.aws.amazon.com/iot/latest/apireference/API_CreateThing.html */
	createThing(name: string, attributes: { readonly [name: string]: string } = {}): void {
		if (!names.test(name)) throw new Error(`thing ${name}: expected letters, digits, ":", "_" or "-"`);
		this.#kept.things[name] = { ...attributes };
		this.#save();
	}

	attributes(thing: string): { readonly [attribute: string]: string } {
		return this.#kept.things[thing] ?? {};
	}

	register(issued: Issued, status: Status, name?: string): void {
		this.#kept.certificates[issued.certificateId] = {
			name,
			pem: issued.certificatePem,
			status,
			things: [],
			policies: [],
		};
		this.#save();
	}

	/** The id of the certificate whose files are kept under this name. */
	named(name: string): string | undefined {
		return Object.entries(this.#kept.certificates).find(([, certificate]) => certificate.name === name)?.[0];
	}

	certificate(id: string): Certificate | undefined {
		return this.#kept.certificates[id];
	}

	setStatus(id: string, status: Status): void {
		this.#found(id).status = status;
		this.#save();
	}

	attachPolicy(id: string, policy: string): void {
		if (!this.#policies.has(policy)) throw new Error(`policy ${policy}: expected one that exists`);
		const { policies } = this.#found(id);
		if (!policies.includes(policy)) policies.push(policy);
		this.#save();
	}

	attachThing(id: string, thing: string): void {
		if (!this.hasThing(thing)) throw new Error(`thing ${thing}: expected one that exists`);
		const { things } = this.#found(id);
		if (!things.includes(thing)) things.push(thing);
		this.#save();
	}

	/** A token that ran out takes its certificate along. */
	deleteCertificate(id: string): void {
		delete this.#kept.certificates[id];
		this.#save();
	}

	/** What a certificate may do. */
	policiesOf(id: string): readonly PolicyDocument[] {
		const found = this.#kept.certificates[id]?.policies ?? [];
		return found.flatMap(name => this.#policies.get(name) ?? []);
	}

	#found(id: string): Certificate {
		const found = this.#kept.certificates[id];
		if (!found) throw new Error(`certificate ${id}: expected one that is registered`);
		return found;
	}

	#save(): void {
		const file = join(this.folder, "registry.json");
		writeFileSync(`${file}.new`, `${JSON.stringify(this.#kept, undefined, "\t")}\n`, { mode: 0o600 });
		renameSync(`${file}.new`, file);
	}
}
