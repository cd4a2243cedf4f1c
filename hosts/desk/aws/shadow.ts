/**
 * The Device Shadow service: classic and named shadows over MQTT, and the calls that an application makes over HTTPS as methods.
 * What a document is and how it is merged is document.ts's.
 * https://docs.aws.amazon.com/iot/latest/developerguide/device-shadow-mqtt.html
 */

import type { Broker, Client, Service } from "./broker.js";
import {
	checkSize,
	delta,
	merge,
	parseRequest,
	Refusal,
	type Request,
	type State,
	shadowLimits,
	stamp,
	type Tree,
	tokenOf,
} from "./document.js";
import type { Registry } from "./registry.js";
import type { Message } from "./session.js";

interface Shadow {
	readonly state: State;
	readonly metadata: State;
	/** Goes on after a deletion. */
	readonly version: number;
	readonly deleted: boolean;
}

export type Document = { readonly [key: string]: unknown };

const operations = ["get", "update", "delete"];
const answers = [
	...operations.flatMap(operation => [operation, `${operation}/accepted`, `${operation}/rejected`]),
	"update/delta",
	"update/documents",
];
const prefixes = ["$aws/things/+/shadow", "$aws/things/+/shadow/name/+"];
const topics = /^\$aws\/things\/([^/]+)\/shadow(?:\/name\/([^/]+))?\/(get|update|delete)$/;

export class Shadows implements Service {
	readonly requests = prefixes.flatMap(prefix => operations.map(operation => `${prefix}/${operation}`));
	readonly answers = prefixes.flatMap(prefix => answers.map(answer => `${prefix}/${answer}`));
	readonly visible = true;
	readonly #broker: Broker;
	readonly #registry: Registry;
	readonly #shadows = new Map<string, Shadow>();
	/** Requests that are being answered, by client. */
	readonly #pending = new Map<string, number>();
	/** The next request fails with this, as the service at times does. */
	#failure = 0;

	constructor(broker: Broker, registry: Registry) {
		this.#broker = broker;
		this.#registry = registry;
	}

	/** An answer takes its time where the whims say so; more than ten that wait are too many. */
	take({ topic, payload }: Message, { clientId }: Client): void {
		const [, thing = "", name, operation = ""] = topics.exec(topic) ?? [];
		const { clock, dice, whims } = this.#broker;
		const waiting = this.#pending.get(clientId) ?? 0;
		if (waiting >= shadowLimits.inFlight) {
			const refusal = new Refusal(429, "Too many requests", tokenIn(payload));
			this.#answer(`${topic}/rejected`, this.#refused(refusal));
			return;
		}
		if (!whims.answering) {
			this.#serve(thing, name, operation, payload);
			return;
		}
		this.#pending.set(clientId, waiting + 1);
		clock.after(dice.between(1, whims.answering), () => {
			this.#pending.set(clientId, (this.#pending.get(clientId) ?? 1) - 1);
			this.#serve(thing, name, operation, payload);
		});
	}

	/** `GetThingShadow`: the document, or undefined. */
	get(thing: string, name?: string): Document | undefined {
		const shadow = this.#shadows.get(prefix(thing, name));
		return shadow && !shadow.deleted ? this.#document(shadow) : undefined;
	}

	/** `UpdateThingShadow`: what is published as accepted. Throws a Refusal. */
	update(thing: string, request: object, name?: string): Document {
		return this.#update(thing, name, Buffer.from(JSON.stringify(request)));
	}

	/** `DeleteThingShadow`. Throws a Refusal where there is none. */
	delete(thing: string, name?: string): Document {
		return this.#delete(thing, name, Buffer.alloc(0));
	}

	/** By the beginning of their topics, as data. */
	get kept(): object {
		return Object.fromEntries(this.#shadows);
	}
	restore(kept: { readonly [base: string]: Shadow }): void {
		for (const [base, shadow] of Object.entries(kept)) this.#shadows.set(base, shadow);
	}

	/** The next request over MQTT is answered with 500. */
	fail(): void {
		this.#failure = 500;
	}

	#serve(thing: string, name: string | undefined, operation: string, payload: Buffer): void {
		const topic = `${prefix(thing, name)}/${operation}`;
		try {
			if (this.#failure) {
				this.#failure = 0;
				throw new Refusal(500, "Internal service failure", tokenIn(payload));
			}
			if (!this.#registry.hasThing(thing)) throw new Refusal(404, "Thing not found", tokenIn(payload));
			if (name !== undefined && Buffer.byteLength(name) > shadowLimits.name)
				throw new Refusal(400, "Invalid shadow name", tokenIn(payload));
			if (operation === "update") this.#update(thing, name, payload);
			else if (operation === "delete") this.#delete(thing, name, payload);
			else this.#answer(`${topic}/accepted`, this.#get(thing, name, payload));
		} catch (error) {
			if (!(error instanceof Refusal)) throw error;
			this.#answer(`${topic}/rejected`, this.#refused(error));
		}
	}

	#get(thing: string, name: string | undefined, payload: Buffer): Document {
		const clientToken = tokenOf(payload);
		const shadow = this.#found(thing, name, clientToken);
		return { ...this.#document(shadow), ...(clientToken !== undefined && { clientToken }) };
	}

	#update(thing: string, name: string | undefined, payload: Buffer): Document {
		const base = prefix(thing, name);
		const request = parseRequest(payload);
		const { clientToken, version } = request;
		const old = this.#shadows.get(base) ?? { state: {}, metadata: {}, version: 0, deleted: true };
		if (version !== undefined && version !== old.version)
			throw new Refusal(409, "Version conflict", clientToken);
		const timestamp = this.#seconds();
		const { desired, reported } = request.state ?? { desired: null, reported: null };
		const state = sections(merge(old.state.desired, desired), merge(old.state.reported, reported));
		checkSize(state, clientToken);
		const metadata = sections(
			stamp(old.metadata.desired, desired, timestamp),
			stamp(old.metadata.reported, reported, timestamp),
		);
		const shadow = { state, metadata, version: old.version + 1, deleted: false };
		this.#shadows.set(base, shadow);
		const common = { version: shadow.version, timestamp, ...(clientToken !== undefined && { clientToken }) };
		const accepted = { state: request.state, metadata: stamps(request, timestamp), ...common };
		this.#answer(`${base}/update/accepted`, accepted);
		const difference = delta(state.desired, state.reported, metadata.desired);
		if (difference) this.#answer(`${base}/update/delta`, { ...difference, ...common });
		this.#answer(`${base}/update/documents`, {
			previous: { state: old.state, metadata: old.metadata, version: old.version },
			current: { state, metadata, version: shadow.version },
			timestamp,
			...(clientToken !== undefined && { clientToken }),
		});
		return accepted;
	}

	#delete(thing: string, name: string | undefined, payload: Buffer): Document {
		const base = prefix(thing, name);
		const clientToken = tokenIn(payload);
		const { version } = this.#found(thing, name, clientToken);
		this.#shadows.set(base, { state: {}, metadata: {}, version, deleted: true });
		const accepted = {
			version,
			timestamp: this.#seconds(),
			...(clientToken !== undefined && { clientToken }),
		};
		this.#answer(`${base}/delete/accepted`, accepted);
		return accepted;
	}

	#found(thing: string, name: string | undefined, clientToken: string | undefined): Shadow {
		const shadow = this.#shadows.get(prefix(thing, name));
		if (!shadow || shadow.deleted)
			throw new Refusal(404, `No shadow exists with name: '${name ?? thing}'`, clientToken);
		return shadow;
	}

	#document({ state, metadata, version }: Shadow): Document {
		const difference = delta(state.desired, state.reported, metadata.desired);
		return {
			state: { ...state, ...(difference && { delta: difference.state }) },
			metadata,
			version,
			timestamp: this.#seconds(),
		};
	}

	#refused({ code, message, clientToken }: Refusal): Document {
		return {
			code,
			message,
			timestamp: this.#seconds(),
			...(clientToken !== undefined && { clientToken }),
		};
	}

	#answer(topic: string, what: object): void {
		this.#broker.route({ topic, payload: Buffer.from(JSON.stringify(what)), qos: 1, retain: false });
	}

	#seconds(): number {
		return Math.floor(this.#broker.clock.now() / 1000);
	}
}

function prefix(thing: string, name?: string): string {
	return `$aws/things/${thing}/shadow${name === undefined ? "" : `/name/${name}`}`;
}

/** An empty section is left out, an empty object within it stays. Seen at AWS: https://github.com/getmoto/moto/blob/master/tests/test_iotdata/test_iotdata.py */
function sections(desired: Tree | undefined, reported: Tree | undefined): State {
	return { ...(filled(desired) && { desired }), ...(filled(reported) && { reported }) };
}

function filled(section: Tree | undefined): section is Tree {
	return section !== undefined && Object.keys(section).length > 0;
}

/** The metadata of what a request has set. */
function stamps({ state }: Request, time: number): object {
	if (state === null) return { timestamp: time };
	const { desired, reported } = state;
	return sections(stamp(undefined, desired, time), stamp(undefined, reported, time));
}

/** Of a payload that need not be one. */
function tokenIn(payload: Buffer): string | undefined {
	try {
		return tokenOf(payload);
	} catch {
		return undefined;
	}
}
