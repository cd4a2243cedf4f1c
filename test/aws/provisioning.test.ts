/** Fleet provisioning at the local AWS IoT Core. Each title ends with the page that the rule is from. */

import "reflect-metadata";
import assert from "node:assert/strict";
import { webcrypto, X509Certificate } from "node:crypto";
import { PemConverter, Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import type { Template } from "../../hosts/desk/aws/aws.js";
import { type Client, World } from "./world.js";

const api = "[fleet-provision-api.html]";
const template: Template = {
	Parameters: { SerialNumber: { Type: "String" }, Room: { Type: "String", Default: "hall" } },
	Resources: {
		certificate: {
			Type: "AWS::IoT::Certificate",
			Properties: { CertificateId: { Ref: "AWS::IoT::Certificate::Id" }, Status: "Active" },
		},
		policy: { Type: "AWS::IoT::Policy", Properties: { PolicyName: "glowworm" } },
		thing: {
			Type: "AWS::IoT::Thing",
			Properties: {
				ThingName: { "Fn::Join": ["-", ["bed", { Ref: "SerialNumber" }]] },
				AttributePayload: { room: { Ref: "Room" } },
			},
		},
	},
	DeviceConfiguration: { room: { Ref: "Room" } },
};

/** A key, and a request that is signed with it. */
async function request(): Promise<{ csr: string; privateKeyPem: string }> {
	const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
	const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
	const made = await Pkcs10CertificateRequestGenerator.create({
		name: "CN=bed",
		keys,
		signingAlgorithm: algorithm,
	});
	const der = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
	return { csr: made.toString("pem"), privateKeyPem: PemConverter.encode(der, "PRIVATE KEY") };
}

describe("the local AWS: fleet provisioning", () => {
	const world = new World();
	let claim: Client;
	beforeEach(async () => {
		await world.open();
		world.aws.createPolicy("claim", {
			Version: "2012-10-17",
			Statement: [
				{ Effect: "Allow", Action: "iot:Connect", Resource: "*" },
				{
					Effect: "Allow",
					Action: ["iot:Publish", "iot:Receive"],
					Resource: [
						"arn:aws:iot:REGION:ACCOUNT:topic/$aws/certificates/*",
						"arn:aws:iot:REGION:ACCOUNT:topic/$aws/provisioning-templates/fleet/provision/*",
					],
				},
				{
					Effect: "Allow",
					Action: "iot:Subscribe",
					Resource: [
						"arn:aws:iot:REGION:ACCOUNT:topicfilter/$aws/certificates/*",
						"arn:aws:iot:REGION:ACCOUNT:topicfilter/$aws/provisioning-templates/fleet/provision/*",
					],
				},
			],
		});
		world.aws.createTemplate("fleet", template, ({ SerialNumber }) => SerialNumber !== "stolen");
		const credentials = await world.aws.claim("claim", ["claim"]);
		claim = await world.client("claim-1", {}, { credentials });
		for (const topic of [create, fromRequest, provision])
			await claim.subscribe(`${topic}/accepted`, `${topic}/rejected`);
	});
	afterEach(() => world.close());

	const create = "$aws/certificates/create/json";
	const fromRequest = "$aws/certificates/create-from-csr/json";
	const provision = "$aws/provisioning-templates/fleet/provision/json";
	const ask = (topic: string, what: object | string, answer = "accepted") => {
		claim.publish(topic, typeof what === "string" ? what : JSON.stringify(what));
		return claim.json(`${topic}/${answer}`);
	};
	const parameters = { SerialNumber: "3" };

	it(`makes a certificate for a device's own key, a thing by the template, and the device gets in with them ${api}`, async () => {
		const { csr, privateKeyPem } = await request();
		const made = await ask(fromRequest, { certificateSigningRequest: csr });
		const { certificateId, certificatePem, certificateOwnershipToken } = made as { [key: string]: string };
		assert.equal(made.privateKey, undefined);
		assert.ok(
			new X509Certificate(certificatePem as string).checkIssued(new X509Certificate(world.aws.ca.pem)),
		);
		assert.deepEqual(await ask(provision, { certificateOwnershipToken, parameters }), {
			thingName: "bed-3",
			deviceConfiguration: { room: "hall" },
		});
		const files = { ca: "", certificate: "", key: "" };
		const credentials = { certificateId, certificatePem, privateKeyPem, files } as {
			certificateId: string;
			certificatePem: string;
			privateKeyPem: string;
			files: typeof files;
		};
		const board = await world.client("bed-3", {}, { credentials });
		await board.deliver("greenhouse/1/bed-3/status", "online", { retain: true });
	});

	it(`makes key and certificate when the device has none ${api}`, async () => {
		const made = (await ask(create, "")) as { [key: string]: string };
		assert.match(made.privateKey ?? "", /^-----BEGIN PRIVATE KEY-----/);
		const { certificateOwnershipToken } = made;
		assert.equal((await ask(provision, { certificateOwnershipToken, parameters })).thingName, "bed-3");
	});

	it(`lets no one in with a certificate that has no thing yet ${api}`, async () => {
		const made = (await ask(create, "")) as { [key: string]: string };
		const credentials = {
			certificateId: made.certificateId as string,
			certificatePem: made.certificatePem as string,
			privateKeyPem: made.privateKey as string,
			files: { ca: "", certificate: "", key: "" },
		};
		const line = await world.line("bed-3", { credentials });
		await line.ended();
		assert.match(world.events.at(-1)?.detail ?? "", /not active/);
	});

	it(`takes a token once, and for an hour; then its certificate is gone ${api}`, async () => {
		const { certificateOwnershipToken } = await ask(create, "");
		await ask(provision, { certificateOwnershipToken, parameters });
		const used = await ask(provision, { certificateOwnershipToken, parameters }, "rejected");
		assert.equal(used.errorCode, "InvalidCertificateOwnershipToken");
		const late = await ask(create, "");
		world.clock.advance(3_600_000);
		await claim.ended();
		const credentials = await world.aws.claim("claim", ["claim"]);
		claim = await world.client("claim-2", {}, { credentials });
		await claim.subscribe(`${provision}/rejected`);
		const { certificateOwnershipToken: token } = late;
		const { statusCode, errorCode } = await ask(
			provision,
			{ certificateOwnershipToken: token, parameters },
			"rejected",
		);
		assert.deepEqual([statusCode, errorCode], [400, "InvalidCertificateOwnershipToken"]);
	});

	for (const [what, request, errorCode] of [
		["no JSON", "{", "InvalidJson"],
		["no request", {}, "InvalidRequest"],
		["a request that is none", { certificateSigningRequest: "x" }, "InvalidCsr"],
	] as const)
		it(`rejects ${what} with status, code and message ${api}`, async () => {
			const rejected = await ask(fromRequest, request, "rejected");
			assert.deepEqual([rejected.statusCode, rejected.errorCode], [400, errorCode]);
			assert.equal(typeof rejected.errorMessage, "string");
		});

	it("rejects a request that another key has signed", async () => {
		const { csr } = await request();
		const der = Buffer.from(PemConverter.decode(csr)[0] as ArrayBuffer);
		der.writeUInt8(der.readUInt8(der.length - 1) ^ 1, der.length - 1);
		const certificateSigningRequest = PemConverter.encode(
			new Uint8Array(der).buffer as ArrayBuffer,
			"CERTIFICATE REQUEST",
		);
		const rejected = await ask(fromRequest, { certificateSigningRequest }, "rejected");
		assert.match(rejected.errorMessage as string, /not signed by its own key/);
	});

	it("rejects what the hook does not allow, and lets the token stand [pre-provisioning-hook.html]", async () => {
		const { certificateOwnershipToken } = await ask(create, "");
		const stolen = { certificateOwnershipToken, parameters: { SerialNumber: "stolen" } };
		assert.equal((await ask(provision, stolen, "rejected")).errorCode, "AccessDenied");
		assert.equal((await ask(provision, { certificateOwnershipToken, parameters })).thingName, "bed-3");
	});

	it("rejects parameters that the template wants and that are missing [provision-template.html]", async () => {
		const { certificateOwnershipToken } = await ask(create, "");
		const rejected = await ask(provision, { certificateOwnershipToken, parameters: {} }, "rejected");
		assert.match(rejected.errorMessage as string, /no parameter SerialNumber/);
	});

	it(`tells its answers to no one that has not subscribed before ${api}`, async () => {
		const credentials = await world.aws.claim("claim", ["claim"]);
		const hasty = await world.client("claim-3", {}, { credentials });
		await hasty.deliver(fromRequest, "{");
		assert.deepEqual(await hasty.topics(), []);
	});

	it("ends the connection of a claim that does anything else [iot-policies.html]", async () => {
		claim.publish("greenhouse/1/bed-3/status", "online");
		await claim.ended();
	});
});
