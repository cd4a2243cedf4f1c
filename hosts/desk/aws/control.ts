/**
 * What AWS's command line and SDKs ask for over HTTPS, here over HTTP on loopback: things, certificates, policies, jobs, shadows, messages.
 * `AWS_ENDPOINT_URL` brings `aws iot …` and `aws iot-data …` here. The signature has to be there and is not checked.
 * https://docs.aws.amazon.com/iot/latest/apireference/
 */

import { once } from "node:events";
import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { arn, names } from "./account.js";
import type { Aws } from "./aws.js";
import { Refusal } from "./document.js";
import type { Template } from "./template.js";

type Fields = { readonly [name: string]: unknown };

interface Request {
	/** The parts of the path that the route leaves open. */
	readonly parts: readonly string[];
	readonly query: URLSearchParams;
	readonly headers: IncomingMessage["headers"];
	readonly body: Buffer;
	/** The body as JSON. */
	readonly fields: Fields;
}

/** An error as AWS's clients read it. */
class Fault extends Error {
	readonly status: number;
	readonly type: string;
	constructor(status: number, type: string, message: string) {
		super(message);
		this.status = status;
		this.type = type;
	}
}

const missing = (what: string) => new Fault(404, "ResourceNotFoundException", `${what} is not there`);
const text = (value: unknown) => (typeof value === "string" ? value : "");
/** The last part of an ARN. */
const named = (value: unknown) => text(value).split("/").at(-1) as string;

/** Method and path, `*` for a part, and what is answered: an object as JSON, or bytes. */
const routes: readonly (readonly [
	route: string,
	(aws: Aws, request: Request) => object | Promise<object>,
])[] = [
	[
		"POST /things/*",
		({ registry }, { parts: [thing = ""], fields }) => {
			const { attributes } = (fields.attributePayload ?? {}) as { attributes?: { [name: string]: string } };
			registry.createThing(thing, attributes);
			return { thingName: thing, thingArn: `${arn}thing/${thing}` };
		},
	],
	[
		"POST /policies/*",
		(aws, { parts: [policyName = ""], fields }) => {
			const { policyDocument } = fields;
			aws.createPolicy(policyName, JSON.parse(text(policyDocument)));
			return { policyName, policyArn: `${arn}policy/${policyName}`, policyDocument, policyVersionId: "1" };
		},
	],
	[
		"POST /keys-and-certificate",
		async ({ registry, authority }, { query }) => {
			const issued = await authority.device();
			const { certificateId, certificatePem, privateKeyPem: PrivateKey, publicKeyPem: PublicKey } = issued;
			registry.register(issued, query.get("setAsActive") === "true" ? "ACTIVE" : "INACTIVE");
			const certificateArn = `${arn}cert/${certificateId}`;
			return { certificateArn, certificateId, certificatePem, keyPair: { PrivateKey, PublicKey } };
		},
	],
	[
		"POST /certificates",
		async ({ registry, authority }, { query, fields }) => {
			const issued = await authority.fromRequest(text(fields.certificateSigningRequest));
			registry.register(issued, query.get("setAsActive") === "true" ? "ACTIVE" : "INACTIVE");
			return { ...issued, certificateArn: `${arn}cert/${issued.certificateId}` };
		},
	],
	[
		"PUT /certificates/*",
		({ registry }, { parts: [id = ""], query }) => {
			registry.setStatus(id, query.get("newStatus") === "ACTIVE" ? "ACTIVE" : "INACTIVE");
			return {};
		},
	],
	[
		"PUT /target-policies/*",
		({ registry }, { parts: [policy = ""], fields }) => {
			registry.attachPolicy(named(fields.target), policy);
			return {};
		},
	],
	[
		"PUT /things/*/principals",
		({ registry }, { parts: [thing = ""], headers }) => {
			registry.attachThing(named(headers["x-amzn-principal"]), thing);
			return {};
		},
	],
	["GET /endpoint", () => ({ endpointAddress: names[0] })],
	[
		"PUT /jobs/*",
		(aws, { parts: [jobId = ""], fields }) => {
			const { targets = [], document, timeoutConfig } = fields;
			const { inProgressTimeoutInMinutes: minutes } = (timeoutConfig ?? {}) as {
				inProgressTimeoutInMinutes?: number;
			};
			aws.createJob({
				jobId,
				things: (targets as readonly string[]).map(named),
				document: JSON.parse(text(document)),
				...(minutes !== undefined && { timeoutInMinutes: minutes }),
			});
			return { jobId, jobArn: `${arn}job/${jobId}` };
		},
	],
	[
		"GET /things/*/jobs/*",
		(aws, { parts: [thing = "", jobId = ""] }) => {
			const found = aws.job(jobId, thing);
			if (!found) throw missing(`job ${jobId} of ${thing}`);
			const { status, statusDetails, queuedAt, startedAt, lastUpdatedAt, executionNumber, versionNumber } =
				found;
			const details = { ...(statusDetails && { statusDetails: { detailsMap: statusDetails } }) };
			const times = { queuedAt, startedAt, lastUpdatedAt };
			const execution = { jobId, status, ...details, thingArn: `${arn}thing/${thing}`, ...times };
			return { execution: { ...execution, executionNumber, versionNumber } };
		},
	],
	[
		"PUT /jobs/*/cancel",
		(aws, { parts: [jobId = ""], query }) => {
			aws.cancelJob(jobId, { force: query.get("force") === "true" });
			return { jobId, jobArn: `${arn}job/${jobId}` };
		},
	],
	[
		"POST /provisioning-templates",
		(aws, { fields: { templateName, templateBody } }) => {
			aws.createTemplate(text(templateName), JSON.parse(text(templateBody)) as Template);
			return { templateName, templateArn: `${arn}provisioningtemplate/${templateName}`, defaultVersionId: 1 };
		},
	],
	[
		"POST /topics/*",
		(aws, { parts: [topic = ""], query, body }) => {
			const qos = query.get("qos") === "1" ? 1 : 0;
			aws.publish(topic, body, { qos, retain: query.get("retain") === "true" });
			return {};
		},
	],
	[
		"GET /retainedMessage",
		aws => ({
			retainedTopics: aws.retainedMessages.map(({ topic, payload, qos }) => ({
				topic,
				payloadSize: payload.length,
				qos,
			})),
		}),
	],
	[
		"GET /retainedMessage/*",
		(aws, { parts: [topic = ""] }) => {
			const payload = aws.retained(topic);
			if (!payload) throw missing(`a retained message on ${topic}`);
			return { topic, payload: payload.toString("base64") };
		},
	],
	[
		"GET /things/*/shadow",
		(aws, { parts: [thing = ""], query }) => {
			const name = query.get("name") ?? undefined;
			const found = aws.shadow(thing, name);
			if (!found) throw missing(`the shadow ${name ?? thing}`);
			return found;
		},
	],
	[
		"POST /things/*/shadow",
		(aws, { parts: [thing = ""], query, fields }) =>
			aws.updateShadow(thing, fields, query.get("name") ?? undefined),
	],
	[
		"DELETE /things/*/shadow",
		(aws, { parts: [thing = ""], query }) => aws.deleteShadow(thing, query.get("name") ?? undefined),
	],
	[
		"DELETE /connections/*",
		(aws, { parts: [client = ""] }) => {
			if (!aws.endConnection(client)) throw missing(`a connection of ${client}`);
			return {};
		},
	],
];

export class Control {
	readonly url: string;
	readonly #server: Server;

	private constructor(server: Server) {
		this.#server = server;
		this.url = `http://localhost:${(server.address() as AddressInfo).port}`;
	}

	/** On loopback alone; `port` 0 is a free one. */
	static async open(aws: Aws, port = 0): Promise<Control> {
		const server = createServer((request, response) => {
			answer(aws, request).then(
				([status, what, type]) => {
					response.writeHead(status, {
						"content-type": "application/json",
						...(type && { "x-amzn-errortype": type }),
					});
					response.end(JSON.stringify(what));
				},
				() => response.destroy(),
			);
		});
		server.listen({ host: "127.0.0.1", port });
		await once(server, "listening");
		return new Control(server);
	}

	async close(): Promise<void> {
		const closed = once(this.#server, "close");
		this.#server.close();
		this.#server.closeAllConnections();
		await closed;
	}
}

async function answer(
	aws: Aws,
	request: IncomingMessage,
): Promise<readonly [status: number, what: object, type?: string]> {
	try {
		return [200, await serve(aws, request)];
	} catch (error) {
		const { message } = error as Error;
		if (error instanceof Fault) return [error.status, { message }, error.type];
		if (error instanceof Refusal)
			return [error.code, { message }, refusals[error.code] ?? "InvalidRequestException"];
		return [400, { message }, "InvalidRequestException"];
	}
}

/** https://docs.aws.amazon.com/iot/latest/apireference/API_iotdata_UpdateThingShadow.html */
const refusals: { readonly [code: number]: string } = {
	404: "ResourceNotFoundException",
	409: "ConflictException",
	413: "RequestEntityTooLargeException",
};

async function serve(aws: Aws, request: IncomingMessage): Promise<object> {
	const { method = "", url = "", headers } = request;
	// A page in a browser cannot sign, nor send this header here unasked.
	if (!headers.authorization?.startsWith("AWS4-HMAC-SHA256 "))
		throw new Fault(403, "MissingAuthenticationTokenException", "expected a signature, version 4");
	const { pathname, searchParams: query } = new URL(url, "http://localhost");
	const path = pathname.split("/").map(decodeURIComponent);
	for (const [route, act] of routes) {
		const [wanted, pattern = ""] = route.split(" ");
		const levels = pattern.split("/");
		if (wanted !== method || levels.length !== path.length) continue;
		if (!levels.every((level, index) => level === "*" || level === path[index])) continue;
		const chunks: Buffer[] = [];
		for await (const chunk of request) chunks.push(chunk as Buffer);
		const body = Buffer.concat(chunks);
		const json = headers["content-type"] === "application/json" || pattern.endsWith("/shadow");
		const fields = json && body.length ? (JSON.parse(body.toString()) as Fields) : {};
		const parts = path.filter((_, index) => levels[index] === "*");
		return act(aws, { parts, query, headers, body, fields });
	}
	throw new Fault(404, "UnknownOperationException", `${method} ${pathname} is not emulated`);
}
