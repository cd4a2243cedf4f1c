/**
 * The local AWS IoT Core as AWS's command line sees it: the paths that it asks for, and the command line itself where it is installed,
 * with the commands of FLASHING.md. Each title ends with the page that the rule is from.
 */

import assert from "node:assert/strict";
import { execFile, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { region } from "../../hosts/desk/aws/account.js";
import { Control } from "../../hosts/desk/aws/control.js";
import { World } from "./world.js";

const policy = fileURLToPath(new URL("../../hosts/esp32/aws-policy.json", import.meta.url));

describe("the local AWS for AWS's command line", () => {
	const world = new World();
	let control: Control;
	beforeEach(async () => {
		control = await Control.open(await world.open());
	});
	afterEach(async () => {
		await control.close();
		await world.close();
	});

	const ask = async (
		method: string,
		path: string,
		body?: object | string,
		headers: { [name: string]: string } = { authorization: "AWS4-HMAC-SHA256 Credential=desk" },
	) => {
		const response = await fetch(`${control.url}${path}`, {
			method,
			headers: { ...headers, ...(typeof body === "object" && { "content-type": "application/json" }) },
			...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
		});
		const answer = (await response.json()) as { [name: string]: unknown };
		const { status } = response;
		return { ...answer, status, type: response.headers.get("x-amzn-errortype") } as typeof answer;
	};

	it("makes a thing, a policy and a certificate that belong together, and a board gets in with them", async () => {
		await ask("POST", "/things/bed-9", { attributePayload: { attributes: { room: "hall" } } });
		await ask("POST", "/policies/mine", { policyDocument: readFileSync(policy, "utf8") });
		const made = (await ask("POST", "/keys-and-certificate?setAsActive=true")) as unknown as {
			certificateArn: string;
			certificateId: string;
			certificatePem: string;
			keyPair: { PrivateKey: string; PublicKey: string };
		};
		assert.match(made.keyPair.PublicKey, /^-----BEGIN PUBLIC KEY-----/);
		await ask("PUT", "/target-policies/mine", { target: made.certificateArn });
		await ask("PUT", "/things/bed-9/principals", undefined, {
			authorization: "AWS4-HMAC-SHA256 Credential=desk",
			"x-amzn-principal": made.certificateArn,
		});
		assert.equal((await ask("GET", "/endpoint?endpointType=iot%3AData-ATS")).endpointAddress, "localhost");
		const credentials = {
			...made,
			privateKeyPem: made.keyPair.PrivateKey,
			files: { ca: "", certificate: "", key: "" },
		};
		const board = await world.client("bed-9", {}, { credentials });
		await board.deliver("greenhouse/1/bed-9/status", "online", { retain: true });
		assert.equal((await ask("DELETE", "/connections/bed-9")).status, 200);
		await board.ended();
		await ask("PUT", `/certificates/${made.certificateId}?newStatus=INACTIVE`);
		await (await world.line("bed-9", { credentials })).ended();
	});

	it("publishes, and tells what is retained [API_iotdata_Publish.html, API_iotdata_ListRetainedMessages.html]", async () => {
		const one = await world.client("one");
		await one.subscribe("a/b");
		await ask("POST", "/topics/a%2Fb?qos=1&retain=true", "hello");
		assert.equal((await one.message()).payload, "hello");
		const { payload } = await ask("GET", "/retainedMessage/a%2Fb");
		assert.equal(Buffer.from(payload as string, "base64").toString(), "hello");
		const { retainedTopics } = await ask("GET", "/retainedMessage");
		assert.deepEqual(retainedTopics, [{ topic: "a/b", payloadSize: 5, qos: 1 }]);
	});

	it("gets, updates and deletes shadows, with their errors [API_iotdata_UpdateThingShadow.html]", async () => {
		await world.aws.thing("one");
		const { status, type } = await ask("GET", "/things/one/shadow?name=config");
		assert.deepEqual([status, type], [404, "ResourceNotFoundException"]);
		const state = { desired: { on: true } };
		assert.equal((await ask("POST", "/things/one/shadow?name=config", { state })).version, 1);
		const conflict = await ask("POST", "/things/one/shadow?name=config", { state, version: 7 });
		assert.deepEqual([conflict.status, conflict.type], [409, "ConflictException"]);
		const found = await ask("GET", "/things/one/shadow?name=config");
		assert.deepEqual(found.state, { ...state, delta: { on: true } });
		assert.equal((await ask("DELETE", "/things/one/shadow?name=config")).status, 200);
	});

	it("makes a job, tells how it goes, and cancels it [API_CreateJob.html]", async () => {
		const targets = [`arn:aws:iot:${region}:000000000000:thing/one`];
		await ask("PUT", "/jobs/j1", { targets, document: '{"do":"restart"}' });
		assert.deepEqual(world.aws.job("j1", "one")?.document, { do: "restart" });
		await ask("PUT", "/jobs/j1/cancel?force=true", {});
		const { execution } = await ask("GET", "/things/one/jobs/j1");
		assert.equal((execution as { status: string }).status, "CANCELED");
	});

	it("takes no request without a signature, such as one of a page in a browser", async () => {
		const { status, type } = await ask("POST", "/things/bed-9", {}, {});
		assert.deepEqual([status, type], [403, "MissingAuthenticationTokenException"]);
	});

	it("says what it does not have", async () => {
		const { status, type } = await ask("GET", "/billing-groups");
		assert.deepEqual([status, type], [404, "UnknownOperationException"]);
	});
});

describe("AWS's command line at the local AWS", function () {
	this.timeout(180_000);
	const { status, stdout } = spawnSync("aws", ["--version"], { encoding: "utf8" });
	const found = status === 0;
	/** Version 2 takes payloads in Base64 unless it is told otherwise. */
	const raw = /aws-cli\/1/.test(stdout ?? "") ? [] : ["--cli-binary-format", "raw-in-base64-out"];
	const world = new World();
	let control: Control;
	let folder: string;
	beforeEach(async () => {
		control = await Control.open(await world.open());
		folder = mkdtempSync(join(tmpdir(), "aws-cli-"));
	});
	afterEach(async () => {
		rmSync(folder, { recursive: true, force: true });
		await control.close();
		await world.close();
	});

	it(`does what FLASHING.md says${found ? "" : " (pending: the command line is not installed)"}`, async function () {
		if (!found) return this.skip();
		const env = {
			...process.env,
			AWS_ENDPOINT_URL: control.url,
			AWS_DEFAULT_REGION: region,
			AWS_ACCESS_KEY_ID: "desk",
			AWS_SECRET_ACCESS_KEY: "desk",
			AWS_PAGER: "",
		};
		const aws = async (...args: string[]) =>
			(await promisify(execFile)("aws", args, { env, cwd: folder, timeout: 20_000 })).stdout.trim();
		const files = ["--certificate-pem-outfile", "bed-3.pem", "--private-key-outfile", "bed-3.key"];
		await aws("iot", "create-thing", "--thing-name", "bed-3");
		await aws("iot", "create-policy", "--policy-name", "shipped", "--policy-document", `file://${policy}`);
		const made = await aws(
			...["iot", "create-keys-and-certificate", "--set-as-active", ...files],
			...["--query", "certificateArn", "--output", "text"],
		);
		await aws("iot", "attach-policy", "--policy-name", "shipped", "--target", made);
		await aws("iot", "attach-thing-principal", "--thing-name", "bed-3", "--principal", made);
		const credentials = {
			certificateId: made.split("/").at(-1) as string,
			certificatePem: readFileSync(join(folder, "bed-3.pem"), "utf8"),
			privateKeyPem: readFileSync(join(folder, "bed-3.key"), "utf8"),
			files: { ca: "", certificate: "", key: "" },
		};
		const board = await world.client("bed-3", {}, { credentials });
		const topic = "greenhouse/1/bed-3/lamp/desired";
		await board.subscribe(topic);
		const payload = '{"state":"ON","ver":1}';
		await aws(
			"iot-data",
			"publish",
			"--topic",
			topic,
			"--retain",
			"--qos",
			"1",
			...raw,
			"--payload",
			payload,
		);
		assert.equal((await board.message()).payload, payload);
	});
});
