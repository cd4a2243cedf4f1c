/**
 * Policy documents as AWS IoT Core reads them: Allow and Deny, the latter wins; `*` and `?` in resources, MQTT's wildcards being
 * plain text there; policy variables; conditions. What it cannot judge it refuses when the document is made, and never guesses.
 * https://docs.aws.amazon.com/iot/latest/developerguide/iot-policies.html
 */

type Several = string | readonly string[];

export interface Statement {
	readonly Effect: "Allow" | "Deny";
	readonly Action: Several;
	readonly Resource?: Several;
	readonly NotResource?: Several;
	readonly Condition?: { readonly [operator: string]: { readonly [key: string]: Several } };
}

export interface PolicyDocument {
	readonly Version: string;
	readonly Statement: Statement | readonly Statement[];
}

/** Who asks: a connection, and the thing its certificate is attached to, where that has the client id's name. */
export interface Principal {
	readonly clientId: string;
	readonly certificateId: string;
	readonly thing?:
		| { readonly name: string; readonly attributes: { readonly [name: string]: string } }
		| undefined;
	/** `PersistentConnect`, `LastWill`: https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html#connect-attribute */
	readonly connectAttributes: readonly string[];
}

export type Action = "Connect" | "Publish" | "Subscribe" | "Receive" | "RetainPublish";

const operator =
	/^(?:(ForAllValues|ForAnyValue):)?(StringEquals|StringNotEquals|StringLike|StringNotLike|Bool)$/;
const variable = /\$\{([^}]*)\}/g;
/** https://docs.aws.amazon.com/iot/latest/developerguide/iot-policy-variables.html */
const known =
	/^(\*|\?|\$|iot:ClientId|iot:CertificateId|iot:Connection\.Thing\.(ThingName|IsAttached|Attributes\[[^\]]+\])|iot:ConnectAttributes)$/;

/** Throws where the document is none, or has something that is not emulated. */
export function checkPolicy(name: string, document: PolicyDocument): void {
	const wrong = (what: string): never => {
		throw new Error(`policy ${name}: ${what}`);
	};
	if (typeof document !== "object" || document === null || !document.Statement) wrong("expected a Statement");
	for (const statement of list(document.Statement)) {
		const { Effect, Action, Resource, NotResource, Condition = {} } = statement;
		if (Effect !== "Allow" && Effect !== "Deny") wrong(`expected Effect Allow or Deny, found ${Effect}`);
		if (!list(Action).length || !list(Action).every(action => /^(\*|iot:[A-Za-z*?]+)$/.test(action)))
			wrong(`expected actions like iot:Connect, found ${JSON.stringify(Action)}`);
		if ((Resource === undefined) === (NotResource === undefined)) wrong("expected Resource, or NotResource");
		for (const resource of list(Resource ?? NotResource)) {
			if (resource !== "*" && !resource.startsWith("arn:aws:iot:"))
				wrong(`expected a resource arn:aws:iot:…, found ${resource}`);
			for (const [, key = ""] of resource.matchAll(variable))
				if (!known.test(key)) wrong(`the variable ${key} is not emulated`);
		}
		for (const [name, keys] of Object.entries(Condition)) {
			if (!operator.test(name)) wrong(`the condition ${name} is not emulated`);
			for (const key of Object.keys(keys)) if (!known.test(key)) wrong(`the key ${key} is not emulated`);
		}
	}
}

/** `resource` is what comes after the account in the ARN: `client/ID`, `topic/TOPIC` or `topicfilter/FILTER`. */
export function allows(
	documents: readonly PolicyDocument[],
	principal: Principal,
	action: Action,
	arn: string,
): boolean {
	let allowed = false;
	for (const statement of documents.flatMap(({ Statement }) => list(Statement))) {
		if (!list(statement.Action).some(pattern => like(pattern, `iot:${action}`, principal))) continue;
		const { Resource, NotResource } = statement;
		const named = list(Resource ?? NotResource).some(pattern => like(pattern, arn, principal));
		if (named === (Resource === undefined)) continue;
		if (!holds(statement, principal)) continue;
		if (statement.Effect === "Deny") return false;
		allowed = true;
	}
	return allowed;
}

function holds({ Condition = {} }: Statement, principal: Principal): boolean {
	return Object.entries(Condition).every(([name, keys]) => {
		const [, quantity, operation = ""] = operator.exec(name) ?? [];
		return Object.entries(keys).every(([key, wanted]) => {
			const found = values(key, principal);
			const one = (value: string) => compare(operation, value, list(wanted), principal);
			if (quantity === "ForAllValues") return found.every(one);
			// A key that is not there: only a "not" holds.
			if (!found.length) return quantity === undefined && operation.includes("Not");
			return found.some(one);
		});
	});
}

function compare(operation: string, value: string, wanted: readonly string[], principal: Principal): boolean {
	if (operation === "Bool") return wanted.some(text => `${text}`.toLowerCase() === value.toLowerCase());
	const found = wanted.some(text =>
		operation.endsWith("Like") ? like(text, value, principal) : like(plain(text), value, principal),
	);
	return operation.includes("Not") ? !found : found;
}

/** Its wildcards become plain text; its variables stay. */
function plain(text: string): string {
	return text.replace(/[*?]/g, wildcard => `\${${wildcard}}`);
}

function values(
	key: string,
	{ clientId, certificateId, thing, connectAttributes }: Principal,
): readonly string[] {
	if (key === "iot:ClientId") return [clientId];
	if (key === "iot:CertificateId") return [certificateId];
	if (key === "iot:ConnectAttributes") return connectAttributes;
	if (key === "iot:Connection.Thing.IsAttached") return [thing ? "true" : "false"];
	if (!thing) return [];
	if (key === "iot:Connection.Thing.ThingName") return [thing.name];
	const attribute = /\[(.+)\]$/.exec(key)?.[1];
	const value = attribute === undefined ? undefined : thing.attributes[attribute];
	return value === undefined ? [] : [value];
}

/** `*` and `?` as in IAM: they do not stop at slashes. A variable without a value matches nothing. */
function like(pattern: string, text: string, principal: Principal): boolean {
	let expression = "";
	let last = 0;
	for (const found of pattern.matchAll(variable)) {
		expression += wild(pattern.slice(last, found.index));
		const key = found[1] as string;
		const [value] = key.length === 1 ? [key] : values(key, principal);
		if (value === undefined) return false;
		expression += literal(value);
		last = found.index + found[0].length;
	}
	expression += wild(pattern.slice(last));
	return new RegExp(`^${expression}$`, "su").test(text);
}

function wild(text: string): string {
	return literal(text).replaceAll("\\*", ".*").replaceAll("\\?", ".");
}

function literal(text: string): string {
	return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&");
}

function list<T>(value: T | readonly T[] | undefined): readonly T[] {
	if (value === undefined) return [];
	return Array.isArray(value) ? value : [value as T];
}
