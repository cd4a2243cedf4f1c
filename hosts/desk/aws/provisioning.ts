/**
 * Fleet provisioning: a client with a claim certificate gets a certificate of its own, for a key that it made (create-from-csr) or that is
 * made here (create), and becomes a thing by a template (provision). Answers reach the client that asks, if it has subscribed before.
 * https://docs.aws.amazon.com/iot/latest/developerguide/fleet-provision-api.html
 */

import { randomBytes } from "node:crypto";
import type { Authority, Issued } from "./authority.js";
import type { Broker, Client, Service } from "./broker.js";
import { matches } from "./filter.js";
import type { Registry } from "./registry.js";
import type { Message } from "./session.js";
import { evaluate, type Template } from "./template.js";

/** Milliseconds that an ownership token holds. */
const hour = 3_600_000;
const topics = ["$aws/certificates/create/json", "$aws/certificates/create-from-csr/json"];
const provision = "$aws/provisioning-templates/+/provision/json";

/** The codes of `rejected`; AWS documents their form, and not which there are. */
class ProvisioningRefusal extends Error {
	readonly statusCode: number;
	readonly errorCode: string;
	constructor(statusCode: number, errorCode: string, message: string) {
		super(message);
		this.statusCode = statusCode;
		this.errorCode = errorCode;
	}
}

/** The pre-provisioning hook: whether these parameters may. */
export type Hook = (parameters: { readonly [name: string]: string }) => boolean;

export class Provisioning implements Service {
	readonly requests = [...topics, provision];
	readonly answers = this.requests.flatMap(topic => [`${topic}/accepted`, `${topic}/rejected`]);
	readonly #broker: Broker;
	readonly #registry: Registry;
	readonly #authority: Authority;
	readonly #templates = new Map<string, { readonly template: Template; readonly hook: Hook | undefined }>();
	/** By token, the certificate that waits for its thing. */
	readonly #waiting = new Map<string, { readonly certificateId: string; readonly forget: () => void }>();

	constructor(broker: Broker, registry: Registry, authority: Authority) {
		this.#broker = broker;
		this.#registry = registry;
		this.#authority = authority;
	}

	/** `CreateProvisioningTemplate`. */
	createTemplate(name: string, template: Template, hook?: Hook): void {
		this.#templates.set(name, { template, hook });
	}

	take(message: Message, from: Client): void {
		this.#broker.soon(() => void this.#serve(message, from));
	}

	async #serve({ topic, payload }: Message, from: Client): Promise<void> {
		try {
			const result = await this.#result(topic, payload);
			this.#answer(from, `${topic}/accepted`, result);
		} catch (error) {
			const refusal =
				error instanceof ProvisioningRefusal
					? error
					: new ProvisioningRefusal(500, "InternalError", (error as Error).message);
			const { statusCode, errorCode, message: errorMessage } = refusal;
			this.#answer(from, `${topic}/rejected`, { statusCode, errorCode, errorMessage });
		}
	}

	async #result(topic: string, payload: Buffer): Promise<object> {
		if (topic === topics[0]) return this.#created(await this.#authority.device());
		const request = parse(payload);
		if (topic !== topics[1]) return this.#provision(topic.split("/")[2] as string, request);
		const { certificateSigningRequest: csr } = request;
		if (typeof csr !== "string")
			throw new ProvisioningRefusal(400, "InvalidRequest", "expected a certificateSigningRequest");
		let issued: Issued;
		try {
			issued = await this.#authority.fromRequest(csr);
		} catch (error) {
			throw new ProvisioningRefusal(400, "InvalidCsr", (error as Error).message);
		}
		return this.#created(issued);
	}

	/** Pending for an hour; then the certificate is deleted. */
	#created(issued: Issued): object {
		const { certificateId, certificatePem, privateKeyPem: privateKey } = issued;
		this.#registry.register(issued, "PENDING_ACTIVATION");
		const certificateOwnershipToken = randomBytes(48).toString("base64url");
		const forget = this.#broker.clock.after(hour, () => {
			this.#waiting.delete(certificateOwnershipToken);
			this.#registry.deleteCertificate(certificateId);
		});
		this.#waiting.set(certificateOwnershipToken, { certificateId, forget });
		return { certificateId, certificatePem, ...(privateKey && { privateKey }), certificateOwnershipToken };
	}

	#provision(name: string, request: { readonly [key: string]: unknown }): object {
		const found = this.#templates.get(name);
		if (!found) throw new ProvisioningRefusal(404, "ResourceNotFound", `no template ${name}`);
		const { certificateOwnershipToken: token, parameters = {} } = request;
		const waiting = typeof token === "string" ? this.#waiting.get(token) : undefined;
		if (!waiting)
			throw new ProvisioningRefusal(400, "InvalidCertificateOwnershipToken", "unknown, used or expired");
		const given = parameters as { readonly [name: string]: string };
		if (typeof parameters !== "object" || Object.values(given).some(value => typeof value !== "string"))
			throw new ProvisioningRefusal(400, "InvalidParameters", "expected parameters that are strings");
		if (found.hook && !found.hook(given))
			throw new ProvisioningRefusal(403, "AccessDenied", "the pre-provisioning hook does not allow it");
		const { certificateId } = waiting;
		let result: ReturnType<typeof evaluate>;
		try {
			result = evaluate(found.template, given, certificateId);
			if (!this.#registry.hasThing(result.thingName))
				this.#registry.createThing(result.thingName, result.attributes);
			for (const policy of result.policies) this.#registry.attachPolicy(certificateId, policy);
		} catch (error) {
			throw new ProvisioningRefusal(400, "InvalidParameters", (error as Error).message);
		}
		waiting.forget();
		this.#waiting.delete(token as string);
		const { thingName, deviceConfiguration, status } = result;
		this.#registry.attachThing(certificateId, thingName);
		this.#registry.setStatus(certificateId, status);
		return { thingName, deviceConfiguration };
	}

	#answer(to: Client, topic: string, what: object): void {
		const { session, clientId } = to;
		if (!session || this.#broker.connections.get(clientId) !== to) return;
		if (![...session.filters.keys()].some(filter => matches(filter, topic))) return;
		session.deliver({ topic, payload: Buffer.from(JSON.stringify(what)), qos: 1, retain: false });
	}
}

function parse(payload: Buffer): { readonly [key: string]: unknown } {
	let value: unknown;
	try {
		value = JSON.parse(payload.toString());
	} catch {
		throw new ProvisioningRefusal(400, "InvalidJson", "the request is no JSON");
	}
	if (typeof value !== "object" || value === null || Array.isArray(value))
		throw new ProvisioningRefusal(400, "InvalidRequest", "the request is no object");
	return value as { readonly [key: string]: unknown };
}
