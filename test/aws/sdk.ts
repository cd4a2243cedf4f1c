/**
 * AWS's own device SDK (aws-iot-device-sdk-v2, unmodified) as the other side of the local AWS IoT Core, as cases for sdk.test.ts. Run as
 * a program it runs them all and prints one JSON object a line; the SDK's native part keeps a process alive, so it has its own.
 */

import "reflect-metadata";
import assert from "node:assert/strict";
import { webcrypto } from "node:crypto";
import { createRequire } from "node:module";
import { pathToFileURL } from "node:url";
import { PemConverter, Pkcs10CertificateRequestGenerator } from "@peculiar/x509";
import type * as SDK from "aws-iot-device-sdk-v2";
import type { Credentials } from "../../hosts/desk/aws/aws.js";
import { wallClock } from "../../hosts/desk/aws/clock.js";
import { World } from "./world.js";

/** Milliseconds for an event. */
const patience = 10_000;

/** The first `event` of an emitter. */
function first<T>(emitter: object, event: string): Promise<T> {
	return new Promise((resolve, reject) => {
		const late = setTimeout(() => reject(new Error(`no ${event}`)), patience);
		(emitter as NodeJS.EventEmitter).on(event, value => {
			clearTimeout(late);
			resolve(value as T);
		});
	});
}

const options = {
	maxRequestResponseSubscriptions: 6,
	maxStreamingSubscriptions: 4,
	operationTimeoutInSeconds: 10,
};

/** Loaded where a case runs. */
let loaded: typeof SDK | undefined;
function sdk(): typeof SDK {
	loaded ??= createRequire(import.meta.url)("aws-iot-device-sdk-v2") as typeof SDK;
	return loaded;
}

interface Case {
	readonly title: string;
	run(): Promise<void>;
}

export interface Result {
	readonly title: string;
	/** The stack of what went wrong. */
	readonly error?: string;
}

/** The title of the result when the SDK's native part cannot be loaded. */
export const unavailable = "unavailable";

export const cases: Case[] = [];
const define = (title: string, run: () => Promise<void>) => cases.push({ title, run });

const world = new World();
/** What a case has opened. */
const closing: (() => unknown)[] = [];

const connection = (id: string, credentials: Credentials, port = world.aws.port, clean = true) => {
	const config = sdk()
		.iot.AwsIotMqttConnectionConfigBuilder.new_mtls_builder(
			credentials.certificatePem,
			credentials.privateKeyPem,
		)
		.with_certificate_authority(world.aws.ca.pem)
		.with_endpoint("localhost")
		.with_port(port)
		.with_client_id(id)
		.with_clean_session(clean)
		.build();
	return new (sdk().mqtt.MqttClient)().new_connection(config);
};
/** Connected with MQTT 3.1.1 as the thing of that name, which may do everything. */
const connected = async (id: string, port?: number) => {
	const thing = await world.aws.thing(id, { policies: ["everything"] });
	const made = connection(id, thing, port);
	await made.connect();
	closing.push(() => made.disconnect());
	return made;
};
const connected5 = async (id: string) => {
	const thing = await world.aws.thing(id, { policies: ["everything"] });
	const config = sdk()
		.iot.AwsIotMqtt5ClientConfigBuilder.newDirectMqttBuilderWithMtlsFromMemory(
			"localhost",
			thing.certificatePem,
			thing.privateKeyPem,
		)
		.withCertificateAuthority(world.aws.ca.pem)
		.withPort(world.aws.port)
		.withConnectProperties({ clientId: id, keepAliveIntervalSeconds: 60 })
		.build();
	const client = new (sdk().mqtt5.Mqtt5Client)(config);
	const success = first<SDK.mqtt5.ConnectionSuccessEvent>(client, "connectionSuccess");
	client.start();
	closing.push(async () => {
		const stopped = first(client, "stopped");
		client.stop();
		await stopped;
		client.close();
	});
	const { connack, settings } = await success;
	return { client, connack, settings };
};

define("connects with a certificate, subscribes, publishes and receives", async () => {
	const client = await connected("sdk");
	assert.deepEqual(world.aws.connections, ["sdk"]);
	const { qos } = await client.subscribe("a/b", sdk().mqtt.QoS.AtLeastOnce);
	assert.equal(qos, sdk().mqtt.QoS.AtLeastOnce);
	const received = new Promise<string>(resolve =>
		client.on("message", (topic, payload) => resolve(`${topic} ${Buffer.from(payload)}`)),
	);
	await client.publish("a/b", "hello", sdk().mqtt.QoS.AtLeastOnce);
	assert.equal(await received, "a/b hello");
});

define("connects at the 443 by ALPN", async () => {
	await connected("sdk", world.aws.alpnPort);
	assert.deepEqual(world.aws.connections, ["sdk"]);
});

define("connects with MQTT 5 and takes CONNACK's limits for AWS's", async () => {
	const { client, settings } = await connected5("sdk");
	assert.equal(settings.maximumQos, sdk().mqtt5.QoS.AtLeastOnce);
	assert.equal(settings.receiveMaximumFromServer, 100);
	assert.equal(settings.subscriptionIdentifiersAvailable, false);
	const received = first<SDK.mqtt5.MessageReceivedEvent>(client, "messageReceived");
	const { reasonCodes } = await client.subscribe({
		subscriptions: [{ topicFilter: "a/b", qos: sdk().mqtt5.QoS.AtLeastOnce }],
	});
	assert.deepEqual(reasonCodes, [1]);
	await client.publish({ topicName: "a/b", qos: sdk().mqtt5.QoS.AtLeastOnce, payload: "hello" });
	assert.equal(Buffer.from((await received).message.payload as ArrayBuffer).toString(), "hello");
});

define("is told that it may not, with MQTT 3.1.1", async () => {
	const thing = await world.aws.thing("mine");
	await assert.rejects(connection("another", thing).connect());
	assert.equal(world.events.at(-1)?.reason, "AUTH_ERROR");
});

for (const version of [3, 5] as const) {
	const transport = async <Client>(service: {
		newFromMqtt311(client: SDK.mqtt.MqttClientConnection, more: typeof options): Client;
		newFromMqtt5(client: SDK.mqtt5.Mqtt5Client, more: typeof options): Client;
	}) => {
		const client =
			version === 3
				? service.newFromMqtt311(await connected("sdk"), options)
				: service.newFromMqtt5((await connected5("sdk")).client, options);
		closing.push(() => (client as { close(): void }).close());
		return client;
	};
	const over = `over MQTT ${version === 3 ? "3.1.1" : "5"}`;

	define(`gets, updates and deletes shadows, classic and named, with its shadow client ${over}`, async () => {
		const shadows = await transport(sdk().iotshadow.IotShadowClientv2);
		await assert.rejects(
			shadows.getShadow({ thingName: "sdk" }),
			(error: SDK.iotshadow.IotShadowError & { modeledError?: { code?: number } }) =>
				error.modeledError?.code === 404,
		);
		const updated = await shadows.updateShadow({
			thingName: "sdk",
			state: { desired: { on: true }, reported: { on: false } },
		});
		assert.equal(updated.version, 1);
		const { state } = await shadows.getShadow({ thingName: "sdk" });
		assert.deepEqual(state?.delta, { on: true });
		await shadows.deleteShadow({ thingName: "sdk" });
		await shadows.updateNamedShadow({
			thingName: "sdk",
			shadowName: "config",
			state: { reported: { every: 1 } },
		});
		const named = await shadows.getNamedShadow({ thingName: "sdk", shadowName: "config" });
		assert.deepEqual(named.state?.reported, { every: 1 });
		await shadows.deleteNamedShadow({ thingName: "sdk", shadowName: "config" });
		assert.equal(world.aws.shadow("sdk", "config"), undefined);
	});

	define(`streams what changes of a shadow, and its delta, with its shadow client ${over}`, async () => {
		const shadows = await transport(sdk().iotshadow.IotShadowClientv2);
		const deltas = shadows.createShadowDeltaUpdatedStream({ thingName: "sdk" });
		const updates = shadows.createShadowUpdatedStream({ thingName: "sdk" });
		closing.push(
			() => deltas.close(),
			() => updates.close(),
		);
		const established = Promise.all([
			first(deltas, "subscriptionStatus"),
			first(updates, "subscriptionStatus"),
		]);
		const delta = first<{ message: { state: unknown } }>(deltas, "incomingPublish");
		const update = first<{ message: { current: { version: number } } }>(updates, "incomingPublish");
		deltas.open();
		updates.open();
		await established;
		world.aws.updateShadow("sdk", { state: { desired: { on: true } } });
		assert.deepEqual((await delta).message.state, { on: true });
		assert.equal((await update).message.current.version, 1);
	});

	define(`starts a job, tells how it goes and ends it, with its jobs client ${over}`, async () => {
		const jobs = await transport(sdk().iotjobs.IotJobsClientv2);
		const next = jobs.createNextJobExecutionChangedStream({ thingName: "sdk" });
		closing.push(() => next.close());
		const established = first(next, "subscriptionStatus");
		const changed = first<{ message: SDK.iotjobs.model.NextJobExecutionChangedEvent }>(
			next,
			"incomingPublish",
		);
		next.open();
		await established;
		world.aws.createJob({ jobId: "restart-1", things: ["sdk"], document: { operation: "restart" } });
		assert.equal((await changed).message.execution?.jobId, "restart-1");
		const { queuedJobs } = await jobs.getPendingJobExecutions({ thingName: "sdk" });
		assert.deepEqual(
			queuedJobs?.map(({ jobId }) => jobId),
			["restart-1"],
		);
		const { execution } = await jobs.startNextPendingJobExecution({ thingName: "sdk" });
		assert.deepEqual(execution?.jobDocument, { operation: "restart" });
		assert.ok(Math.abs(Number(execution?.startedAt) - Date.now() / 1000) < 60);
		const { executionState } = await jobs.updateJobExecution({
			thingName: "sdk",
			jobId: "restart-1",
			status: sdk().iotjobs.model.JobStatus.SUCCEEDED,
			expectedVersion: execution?.versionNumber as number,
			includeJobExecutionState: true,
		});
		assert.equal(executionState?.status, "SUCCEEDED");
		await assert.rejects(
			jobs.describeJobExecution({ thingName: "sdk", jobId: "none" }),
			(error: { modeledError?: { code?: string } }) => error.modeledError?.code === "ResourceNotFound",
		);
	});

	define(`becomes a thing by a request and a template, with its identity client ${over}`, async () => {
		world.aws.createTemplate("fleet", {
			Parameters: { SerialNumber: { Type: "String" } },
			Resources: {
				thing: { Type: "AWS::IoT::Thing", Properties: { ThingName: { Ref: "SerialNumber" } } },
				policy: { Type: "AWS::IoT::Policy", Properties: { PolicyName: "everything" } },
			},
			DeviceConfiguration: { room: "hall" },
		});
		const identity = await transport(sdk().iotidentity.IotIdentityClientv2);
		const algorithm = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
		const keys = await webcrypto.subtle.generateKey(algorithm, true, ["sign", "verify"]);
		const request = await Pkcs10CertificateRequestGenerator.create({
			name: "CN=sdk",
			keys,
			signingAlgorithm: algorithm,
		});
		const created = await identity.createCertificateFromCsr({
			certificateSigningRequest: request.toString("pem"),
		});
		const { thingName, deviceConfiguration } = await identity.registerThing({
			templateName: "fleet",
			certificateOwnershipToken: created.certificateOwnershipToken as string,
			parameters: { SerialNumber: "new-1" },
		});
		assert.deepEqual([thingName, deviceConfiguration], ["new-1", { room: "hall" }]);
		const der = await webcrypto.subtle.exportKey("pkcs8", keys.privateKey);
		const device = connection("new-1", {
			certificateId: created.certificateId as string,
			certificatePem: created.certificatePem as string,
			privateKeyPem: PemConverter.encode(der, "PRIVATE KEY"),
			files: { ca: "", certificate: "", key: "" },
		});
		await device.connect();
		closing.push(() => device.disconnect());
		assert.ok(world.aws.connections.includes("new-1"));
		const whole = await identity.createKeysAndCertificate({});
		assert.match(whole.privateKey ?? "", /PRIVATE KEY/);
	});
}

/** One after the other, each at a local AWS of its own. */
async function run(): Promise<void> {
	try {
		sdk();
	} catch (error) {
		console.log(JSON.stringify({ title: unavailable, error: (error as Error).message } satisfies Result));
		process.exit();
	}
	for (const { title, run } of cases) {
		let error: string | undefined;
		try {
			await world.open({ clock: wallClock });
			await run();
		} catch (thrown) {
			error = (thrown as Error).stack ?? String(thrown);
		}
		for (const close of closing.splice(0).reverse()) await Promise.resolve(close()).catch(() => {});
		await world.close();
		console.log(JSON.stringify({ title, ...(error !== undefined && { error }) } satisfies Result));
	}
	process.exit();
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await run();
