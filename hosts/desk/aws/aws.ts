/**
 * A local AWS IoT Core: listeners, broker, services and the account they belong to, put together, with the calls that a person makes in
 * the console or by `aws iot …` as methods. It is as strict as the real one is documented to be; it has never seen the real one.
 * README.md beside this file lists its rules and what it leaves out.
 */

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Duplex } from "node:stream";
import { arn, local, names, shippedPolicy } from "./account.js";
import { Authority } from "./authority.js";
import { type AwsEvent, Broker } from "./broker.js";
import { type AwsClock, wallClock } from "./clock.js";
import { Connection } from "./connection.js";
import type { Execution } from "./execution.js";
import { Ingest, type Ingested } from "./ingest.js";
import { type Job, Jobs } from "./jobs.js";
import { Listener } from "./listener.js";
import type { PolicyDocument } from "./policy.js";
import { type Hook, Provisioning } from "./provisioning.js";
import { Registry } from "./registry.js";
import type { Message } from "./session.js";
import { type Document, Shadows } from "./shadow.js";
import { Keeper } from "./state.js";
import type { Template } from "./template.js";
import { Dice, gentle, strict, type Whims } from "./whims.js";

export type { AwsClock, AwsEvent, Ingested, Message, PolicyDocument, Template, Whims };

export interface AwsOptions {
	/** Authority, things, certificates and policies; made on first use. */
	readonly folder: string;
	/** Ports in the place of 8883 and 443; 0, the default: free ones. */
	readonly port?: number;
	readonly alpnPort?: number;
	/** How many ports to try, upwards from these; one if not given. */
	readonly attempts?: number;
	readonly host?: string;
	/** Whether what AWS leaves open is unpleasant, or how much so. */
	readonly strict?: boolean | Partial<Whims>;
	/** Of the whims. */
	readonly seed?: number;
	readonly clock?: AwsClock;
	/** The root of the boards' topics, in the place of the shipped policy's `greenhouse/1`. */
	readonly root?: string;
	/** Shadows, jobs and retained messages outlive the process, in the folder. */
	readonly keep?: boolean;
	/** Milliseconds that a persistent session of MQTT 3.1.1 outlives its connection; an hour if not given. */
	readonly sessionExpiry?: number;
	readonly onEvent?: (event: AwsEvent) => void;
}

export interface Credentials {
	readonly certificateId: string;
	readonly certificatePem: string;
	/** PKCS #8. */
	readonly privateKeyPem: string;
	/** PEM files. */
	readonly files: { readonly ca: string; readonly certificate: string; readonly key: string };
}

export interface Thing extends Credentials {
	readonly name: string;
}

/** Resolves once both ports listen. Rejects where a port is taken, or a policy in the folder is none. */
export async function openAws(options: AwsOptions): Promise<Aws> {
	const { folder, host = "127.0.0.1", seed = 1, clock = wallClock, strict: manner = false } = options;
	mkdirSync(folder, { recursive: true });
	const authority = await Authority.open(folder);
	const registry = new Registry(folder);
	const whims = typeof manner === "object" ? { ...gentle, ...manner } : manner ? strict : gentle;
	const broker = new Broker({
		registry,
		clock,
		dice: new Dice(seed),
		whims,
		arn,
		sessionExpiry: options.sessionExpiry,
		onEvent: options.onEvent,
	});
	const server = await authority.server(names);
	const common = {
		host,
		attempts: options.attempts ?? 1,
		server,
		names,
		ca: authority.pem,
		isActive: (id: string) => registry.certificate(id)?.status === "ACTIVE",
		onClient: (...[socket, id]: [import("node:tls").TLSSocket, string]) =>
			void new Connection(broker, socket, id),
		onUntrusted: (detail: string) => options.onEvent?.({ type: "untrusted", client: "", detail }),
	};
	const plain = await Listener.open({ ...common, port: options.port ?? 0, alpn: false });
	try {
		const negotiated = await Listener.open({ ...common, port: options.alpnPort ?? 0, alpn: true });
		return new Aws(authority, registry, broker, [plain, negotiated], options);
	} catch (error) {
		await plain.close();
		throw error;
	}
}

export class Aws {
	readonly url: string;
	readonly alpnUrl: string;
	readonly port: number;
	readonly alpnPort: number;
	readonly ca: { readonly pem: string; readonly file: string };
	readonly shadows: Shadows;
	readonly jobs: Jobs;
	readonly ingest: Ingest;
	readonly provisioning: Provisioning;
	readonly authority: Authority;
	readonly registry: Registry;
	readonly #broker: Broker;
	readonly #listeners: readonly Listener[];
	readonly #keeper: Keeper | undefined;

	/** `openAws` makes it. */
	constructor(
		authority: Authority,
		registry: Registry,
		broker: Broker,
		listeners: readonly [Listener, Listener],
		{ folder, root, keep }: AwsOptions,
	) {
		this.authority = authority;
		this.registry = registry;
		this.#broker = broker;
		this.#listeners = listeners;
		this.port = listeners[0].port;
		this.alpnPort = listeners[1].port;
		this.url = `mqtts://${names[0]}:${this.port}`;
		this.alpnUrl = `mqtts://${names[0]}:${this.alpnPort}`;
		this.ca = { pem: authority.pem, file: authority.file };
		this.shadows = new Shadows(broker, registry);
		this.ingest = new Ingest(broker);
		this.jobs = new Jobs(broker);
		this.provisioning = new Provisioning(broker, registry, authority);
		broker.services.push(this.shadows, this.jobs, this.provisioning, this.ingest);
		if (keep) this.#keeper = new Keeper(join(folder, "state.json"), broker, this.shadows, this.jobs);
		if (!registry.hasPolicy("glowworm") || root !== undefined)
			registry.createPolicy("glowworm", shippedPolicy(root));
	}

	/** Client ids. */
	get connections(): readonly string[] {
		return [...this.#broker.connections.keys()];
	}
	get ingested(): readonly Ingested[] {
		return this.ingest.received;
	}

	/** Makes it, its certificate and its key, or finds them. `policies` are attached to the certificate: "glowworm" if not given. */
	async thing(
		name: string,
		{
			policies = ["glowworm"],
			attributes,
		}: {
			readonly policies?: readonly string[];
			readonly attributes?: { readonly [name: string]: string };
		} = {},
	): Promise<Thing> {
		if (!this.registry.hasThing(name) || attributes) this.registry.createThing(name, attributes);
		const credentials = await this.#credentials(name, policies);
		this.registry.attachThing(credentials.certificateId, name);
		return { name, ...credentials };
	}

	/** A certificate that no thing has: for claims, and for clients that are none. */
	claim(name: string, policies: readonly string[]): Promise<Credentials> {
		return this.#credentials(name, policies);
	}

	/** An application of the desk's: its wildcards are handed what is retained, which it could ask for over HTTPS. No other's are. */
	oversee({ certificateId }: Credentials): void {
		this.#broker.overseer = certificateId;
	}

	/** Replaces one of that name. `REGION` and `ACCOUNT` in it are this one's. */
	createPolicy(name: string, document: PolicyDocument): void {
		this.registry.createPolicy(name, local(JSON.stringify(document)));
	}

	/** `aws iot update-certificate --new-status`: it holds from the next connection on. */
	setCertificate(certificateId: string, status: "ACTIVE" | "INACTIVE"): void {
		this.registry.setStatus(certificateId, status);
	}

	shadow(thing: string, name?: string): Document | undefined {
		return this.shadows.get(thing, name);
	}
	updateShadow(thing: string, request: object, name?: string): Document {
		return this.shadows.update(thing, request, name);
	}
	deleteShadow(thing: string, name?: string): Document {
		return this.shadows.delete(thing, name);
	}

	createJob(job: Job): void {
		this.jobs.create(job);
	}
	job(jobId: string, thing: string): Execution | undefined {
		return this.jobs.describe(jobId, thing);
	}
	cancelJob(jobId: string, { force = false }: { readonly force?: boolean } = {}): void {
		this.jobs.cancel(jobId, force);
	}
	/** `aws iot create-provisioning-template`; policies in it are by name. */
	createTemplate(name: string, template: Template, hook?: Hook): void {
		this.provisioning.createTemplate(name, template, hook);
	}

	/** As the console's MQTT test client does. */
	publish(
		topic: string,
		payload: string | Buffer,
		{ qos = 0, retain = false }: { readonly qos?: 0 | 1; readonly retain?: boolean } = {},
	): void {
		this.#broker.route({ topic, payload: Buffer.from(payload), qos, retain });
	}
	retained(topic: string): Buffer | undefined {
		return this.#broker.kept.get(topic)?.payload;
	}
	get retainedMessages(): readonly Message[] {
		return [...this.#broker.kept.values()];
	}

	/** `SendDirectMessage`: to one client, which need not have subscribed. False where it is not online. */
	directMessage(client: string, topic: string, payload: string | Buffer, qos: 0 | 1 = 1): boolean {
		if (!this.#broker.connections.has(client)) return false;
		const message = { topic, payload: Buffer.from(payload), qos, retain: false };
		this.#broker.sessions.get(client)?.deliver(message);
		return true;
	}
	/** A client behind a harness that has to read what passes: no TLS, taken for one with this certificate. */
	accept(socket: Duplex, { certificateId }: Pick<Credentials, "certificateId">): void {
		new Connection(this.#broker, socket, certificateId);
	}
	/** The service ends a connection, as it does after days or for its own reasons. False where there is none. */
	endConnection(client: string): boolean {
		const connection = this.#broker.connections.get(client);
		connection?.end("SERVER_INITIATED_DISCONNECT", "ended by the service");
		return connection !== undefined;
	}
	/** Another client comes with this id, and goes. False where no client had it. */
	takeOver(client: string): boolean {
		const connection = this.#broker.connections.get(client);
		connection?.end("DUPLICATE_CLIENTID", "another client with this id");
		return connection !== undefined;
	}
	/** What it publishes is discarded for so long, without PUBACK. */
	throttle(client: string, milliseconds: number): void {
		const connection = this.#broker.connections.get(client);
		if (connection) connection.throttledUntil = this.#broker.clock.now() + milliseconds;
	}
	session(
		client: string,
	): { readonly filters: readonly string[]; readonly stored: number; readonly inFlight: number } | undefined {
		const session = this.#broker.sessions.get(client);
		if (!session) return undefined;
		return { filters: [...session.filters.keys()], stored: session.stored, inFlight: session.inFlight };
	}

	async close(): Promise<void> {
		this.#broker.close();
		this.#keeper?.close();
		await Promise.all(this.#listeners.map(listener => listener.close()));
	}

	async #credentials(name: string, policies: readonly string[]): Promise<Credentials> {
		const folder = join(this.registry.folder, "certificates", name);
		const files = {
			ca: this.ca.file,
			certificate: join(folder, "certificate.pem"),
			key: join(folder, "private.key"),
		};
		const found = this.registry.named(name);
		let id = found;
		if (id === undefined) {
			const issued = await this.authority.device();
			id = issued.certificateId;
			mkdirSync(folder, { recursive: true });
			writeFileSync(files.certificate, issued.certificatePem);
			writeFileSync(files.key, issued.privateKeyPem as string, { mode: 0o600 });
			this.registry.register(issued, "ACTIVE", name);
		}
		for (const policy of policies) this.registry.attachPolicy(id, policy);
		return {
			certificateId: id,
			certificatePem: readFileSync(files.certificate, "utf8"),
			privateKeyPem: readFileSync(files.key, "utf8"),
			files,
		};
	}
}
