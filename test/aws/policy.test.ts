/** Policy documents at the local AWS IoT Core. Each title ends with the page that the rule is from. */

import assert from "node:assert/strict";
import {
	type Action,
	allows,
	checkPolicy,
	type PolicyDocument,
	type Principal,
	type Statement,
} from "../../hosts/desk/aws/policy.js";
import { type Client, World } from "./world.js";

const arn = "arn:aws:iot:eu-west-1:1:";
const principal: Principal = {
	clientId: "bed-3",
	certificateId: "c",
	thing: { name: "bed-3", attributes: { room: "a*" } },
	connectAttributes: [],
};

function document(...statements: Partial<Statement>[]): PolicyDocument {
	return {
		Version: "2012-10-17",
		Statement: statements.map(statement => ({ Effect: "Allow", Action: "iot:*", ...statement }) as Statement),
	};
}

function may(
	policy: PolicyDocument,
	action: Action,
	resource: string,
	who: Partial<Principal> = {},
): boolean {
	checkPolicy("p", policy);
	return allows([policy], { ...principal, ...who }, action, `${arn}${resource}`);
}

describe("the local AWS: policies", () => {
	it("allow nothing that no statement allows [iot-policies.html]", () => {
		assert.equal(allows([], principal, "Connect", `${arn}client/bed-3`), false);
		const policy = document({ Action: "iot:Connect", Resource: `${arn}client/bed-3` });
		assert.equal(may(policy, "Connect", "client/bed-3"), true);
		assert.equal(may(policy, "Publish", "topic/a"), false);
		assert.equal(may(policy, "Connect", "client/bed-30"), false);
	});

	it("deny what one statement denies and others allow [iot-policies.html]", () => {
		const policy = document(
			{ Resource: "*" },
			{ Effect: "Deny", Action: "iot:Publish", Resource: `${arn}topic/a/secret*` },
		);
		assert.equal(may(policy, "Publish", "topic/a/b"), true);
		assert.equal(may(policy, "Publish", "topic/a/secret/b"), false);
		assert.equal(may(policy, "Subscribe", "topicfilter/a/secret"), true);
	});

	it("have * for any characters, slashes too, and ? for one [pub-sub-policy.html]", () => {
		const policy = document({ Resource: [`${arn}topic/a/*`, `${arn}topic/b/?`] });
		assert.equal(may(policy, "Publish", "topic/a/b/c"), true);
		assert.equal(may(policy, "Publish", "topic/a"), false);
		assert.equal(may(policy, "Publish", "topic/b/c"), true);
		assert.equal(may(policy, "Publish", "topic/b/cc"), false);
	});

	it("have MQTT's wildcards as plain text [pub-sub-policy.html]", () => {
		const policy = document({ Resource: `${arn}topicfilter/some/+/topic` });
		assert.equal(may(policy, "Subscribe", "topicfilter/some/+/topic"), true);
		assert.equal(may(policy, "Subscribe", "topicfilter/some/x/topic"), false);
	});

	it("put the thing's name in where the certificate has a thing with the client id's name [thing-policy-variables.html]", () => {
		const policy = document({ Resource: `${arn}topic/g/\${iot:Connection.Thing.ThingName}/*` });
		assert.equal(may(policy, "Publish", "topic/g/bed-3/status"), true);
		assert.equal(may(policy, "Publish", "topic/g/bed-4/status"), false);
		assert.equal(may(policy, "Publish", "topic/g/bed-3/status", { thing: undefined }), false);
	});

	it("take a variable's value as plain text [thing-policy-variables.html]", () => {
		const policy = document({ Resource: `${arn}topic/\${iot:Connection.Thing.Attributes[room]}` });
		assert.equal(may(policy, "Publish", "topic/a*"), true);
		assert.equal(may(policy, "Publish", "topic/abc"), false);
	});

	it("judge conditions: IsAttached [thing-policy-variables.html]", () => {
		const policy = document({
			Resource: "*",
			Condition: { Bool: { "iot:Connection.Thing.IsAttached": ["true"] } },
		});
		assert.equal(may(policy, "Connect", "client/bed-3"), true);
		assert.equal(may(policy, "Connect", "client/bed-3", { thing: undefined }), false);
	});

	for (const [condition, values, attributes, expected] of [
		["ForAllValues:StringEquals", ["LastWill"], [], true],
		["ForAllValues:StringEquals", ["LastWill"], ["LastWill"], true],
		["ForAllValues:StringEquals", ["LastWill"], ["LastWill", "PersistentConnect"], false],
		["ForAllValues:StringEquals", [], ["LastWill"], false],
		["ForAllValues:StringNotEquals", ["PersistentConnect"], ["LastWill"], true],
		["ForAllValues:StringNotEquals", ["PersistentConnect"], ["PersistentConnect"], false],
		["ForAnyValue:StringEquals", ["PersistentConnect"], ["LastWill"], false],
		["ForAnyValue:StringEquals", ["PersistentConnect"], ["LastWill", "PersistentConnect"], true],
	] as const)
		it(`judge ${condition} ${values.join() || "none"} of a connection with ${attributes.join() || "none"} [connect-policy.html]`, () => {
			const policy = document({
				Resource: "*",
				Condition: { [condition]: { "iot:ConnectAttributes": values } },
			});
			assert.equal(may(policy, "Connect", "client/x", { connectAttributes: attributes }), expected);
		});

	it("are refused when they have what is not emulated", () => {
		for (const policy of [
			document({ Resource: "*", Condition: { DateGreaterThan: { "aws:CurrentTime": "x" } } }),
			// biome-ignore lint/suspicious/noTemplateCurlyInString: a policy variable
			document({ Resource: "arn:aws:iot:a:b:topic/${aws:SourceIp}" }),
			document({ Resource: "topic/a" }),
			document({}),
			document({ Action: "s3:GetObject", Resource: "*" }),
		])
			assert.throws(() => checkPolicy("p", policy), /^Error: policy p: /);
	});
});

describe("the local AWS: what a policy does not allow", () => {
	const world = new World();
	const base = "greenhouse/1/bed-3";
	let board: Client;
	beforeEach(async () => {
		await world.open();
		const credentials = await world.aws.thing("bed-3", { policies: ["glowworm"] });
		const will = { topic: `${base}/status`, payload: "offline", qos: 1, retain: true } as const;
		board = await world.client("bed-3", { clean: false, will }, { credentials });
	});
	afterEach(() => world.close());

	it("is not needed by a board: the shipped policy lets it publish, retain and receive what is its own", async () => {
		assert.deepEqual(
			await board.subscribe(`${base}/lamp/set`, `${base}/lamp/desired`, `${base}/cmd`, `${base}/status`),
			[1, 1, 1, 1],
		);
		await board.deliver(`${base}/status`, "online", { retain: true });
		assert.equal((await board.message()).topic, `${base}/status`);
		world.aws.publish(`${base}/lamp/set`, "ON", { qos: 1 });
		assert.equal((await board.message()).payload, "ON");
	});

	it("ends the connection: iot:Publish [iot-policy-actions.html]", async () => {
		board.publish("greenhouse/1/bed-4/status", "");
		await board.ended();
		assert.equal(world.events.at(-1)?.reason, "AUTH_ERROR");
	});

	it("ends the connection: iot:Subscribe, for a filter that would cover an allowed one too [iot-policy-actions.html]", async () => {
		board.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: `${base}/#`, qos: 1 }] });
		await board.ended();
		assert.match(world.events.at(-1)?.detail ?? "", /iot:Subscribe/);
		assert.deepEqual(board.packets, []);
	});

	it("ends the connection: iot:RetainPublish, where iot:Publish is allowed [iot-policy-actions.html]", async () => {
		world.aws.createPolicy("no-retain", document({ Action: ["iot:Connect", "iot:Publish"], Resource: "*" }));
		const credentials = await world.aws.thing("plain", { policies: ["no-retain"] });
		const plain = await world.client("plain", {}, { credentials });
		await plain.deliver("a", "");
		plain.publish("a", "x", { retain: true });
		await plain.ended();
		assert.match(world.events.at(-1)?.detail ?? "", /iot:RetainPublish/);
	});

	it("is answered with CONNACK 7: a will that may not be retained [retained-message-policy-examples.html]", async () => {
		world.aws.createPolicy("no-retain", document({ Action: ["iot:Connect", "iot:Publish"], Resource: "*" }));
		const credentials = await world.aws.thing("plain", { policies: ["no-retain"] });
		const line = await world.line("plain", { credentials });
		line.connect({ clientId: "plain", will: { topic: "a", payload: "x", qos: 0, retain: true } });
		assert.equal(((await line.next("connack")) as { returnCode: number }).returnCode, 7);
	});

	it("is withheld: iot:Receive, asked for each message, the subscription stands [iot-policy-actions.html]", async () => {
		world.aws.createPolicy(
			"deaf",
			document(
				{ Action: ["iot:Connect", "iot:Subscribe", "iot:Publish"], Resource: "*" },
				{ Action: "iot:Receive", Resource: "arn:aws:iot:REGION:ACCOUNT:topic/a/heard" },
			),
		);
		const credentials = await world.aws.thing("deaf", { policies: ["deaf"] });
		const deaf = await world.client("deaf", {}, { credentials });
		assert.deepEqual(await deaf.subscribe("a/+"), [1]);
		world.aws.publish("a/secret", "x", { qos: 1 });
		world.aws.publish("a/heard", "x", { qos: 1 });
		assert.deepEqual(await deaf.topics(), ["a/heard"]);
	});

	it("holds at once for connections that stand, when the policy changes [iot-policy-actions.html]", async () => {
		world.aws.createPolicy("soon", document({ Resource: "*" }));
		const credentials = await world.aws.thing("soon", { policies: ["soon"] });
		const client = await world.client("soon", {}, { credentials });
		await client.deliver("a", "");
		world.aws.createPolicy("soon", document({ Action: "iot:Connect", Resource: "*" }));
		client.publish("a", "");
		await client.ended();
	});
});
