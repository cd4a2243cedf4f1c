/**
 * The message broker: which sessions there are, what is retained, and where a message goes; under `$aws`, to a service. The rules
 * for a client's packets are connection.ts's, those of delivery session.ts's.
 * https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html
 */

import { type AwsClock, Rate } from "./clock.js";
import type { Reason } from "./ending.js";
import { hasWildcard, matches, overlap } from "./filter.js";
import { limits } from "./limits.js";
import { type Action, allows, type Principal } from "./policy.js";
import type { Registry } from "./registry.js";
import { type Message, Session } from "./session.js";
import type { Dice, Whims } from "./whims.js";

/** What happened, for a log. */
export interface AwsEvent {
	readonly type: "connected" | "disconnected" | "refused" | "published" | "throttled" | "untrusted";
	readonly client: string;
	readonly topic?: string;
	readonly reason?: Reason;
	readonly detail?: string;
}

/** One client's connection, as broker and services see it (connection.ts). */
export interface Client {
	readonly certificateId: string;
	readonly clientId: string;
	/** Once it was admitted. */
	readonly session: Session | undefined;
	will: Message | undefined;
	/** Its publishes are discarded until then. */
	throttledUntil: number;
	/** By the service. */
	end(reason: Reason, detail: string): void;
}

/** A part of AWS that is reached by reserved topics. */
export interface Service {
	/** Where a client publishes to it. */
	readonly requests: readonly string[];
	/** What a client may subscribe to. */
	readonly answers: readonly string[];
	/** True where others that subscribe get the request too. */
	readonly visible?: boolean;
	take(message: Message, from: Client): void;
}

/** https://docs.aws.amazon.com/iot/latest/developerguide/life-cycle-events.html */
const events: readonly string[] = [
	"$aws/events/presence/connected/+",
	"$aws/events/presence/disconnected/+",
	"$aws/events/subscriptions/subscribed/+",
	"$aws/events/subscriptions/unsubscribed/+",
];

export interface BrokerOptions {
	readonly registry: Registry;
	readonly clock: AwsClock;
	readonly dice: Dice;
	readonly whims: Whims;
	/** As policies name it: `arn:aws:iot:REGION:ACCOUNT:`. */
	readonly arn: string;
	/** Milliseconds that a persistent session of MQTT 3.1.1 outlives its connection. */
	readonly sessionExpiry?: number | undefined;
	readonly onEvent?: ((event: AwsEvent) => void) | undefined;
}

export class Broker {
	readonly clock: AwsClock;
	readonly dice: Dice;
	readonly whims: Whims;
	readonly sessionExpiry: number;
	readonly onEvent: ((event: AwsEvent) => void) | undefined;
	readonly connections = new Map<string, Client>();
	readonly sessions = new Map<string, Session>();
	readonly services: Service[] = [];
	/** The certificate of an application that is handed all that is retained, as it would get it by ListRetainedMessages. */
	overseer: string | undefined;
	/** The last message that a client has retained on a topic. */
	readonly kept = new Map<string, Message>();
	readonly #registry: Registry;
	readonly #arn: string;
	readonly #connects = new Map<string, Rate>();
	readonly #expiries = new Map<string, () => void>();
	/** Counts connections, and names clients without a name. */
	#count = 0;

	constructor({ registry, clock, dice, whims, arn, sessionExpiry, onEvent }: BrokerOptions) {
		this.#registry = registry;
		this.clock = clock;
		this.dice = dice;
		this.whims = whims;
		this.#arn = arn;
		this.sessionExpiry = sessionExpiry ?? limits.session;
		this.onEvent = onEvent;
	}

	/** A client id for a client of MQTT 5 that brings none. */
	assign(): string {
		return `$GEN/${++this.#count}-${Math.floor(this.dice.next() * 2 ** 32).toString(36)}`;
	}

	mayConnectNow(clientId: string): boolean {
		let rate = this.#connects.get(clientId);
		if (!rate) {
			rate = new Rate(this.clock, limits.connects);
			this.#connects.set(clientId, rate);
		}
		return rate.take();
	}

	/** The thing has the client id's name and the certificate, or there is none. https://docs.aws.amazon.com/iot/latest/developerguide/thing-policy-variables.html */
	principal({ clientId, certificateId }: Client, connectAttributes: readonly string[]): Principal {
		const attached = this.#registry.certificate(certificateId)?.things.includes(clientId);
		const thing = attached ? { name: clientId, attributes: this.#registry.attributes(clientId) } : undefined;
		return { clientId, certificateId, thing, connectAttributes };
	}

	/** Asked each time: a policy that changes holds at once. */
	allows(connection: Client, principal: Principal, action: Action, resource: string): boolean {
		const documents = this.#registry.policiesOf(connection.certificateId);
		return allows(documents, principal, action, `${this.#arn}${resource}`);
	}

	/** A client that may: the one with this id before it is ended, and the session found or made. */
	admit(connection: Client, clean: boolean, expiry: number): { session: Session; present: boolean } {
		const { clientId } = connection;
		this.connections.get(clientId)?.end("DUPLICATE_CLIENTID", "another client with this id");
		this.#expiries.get(clientId)?.();
		this.#expiries.delete(clientId);
		let session = clean ? undefined : this.sessions.get(clientId);
		const present = session !== undefined;
		if (!session) {
			this.sessions.get(clientId)?.detach();
			session = new Session(clientId, this.clock, this.dice, this.whims);
			this.sessions.set(clientId, session);
		}
		session.expiry = expiry;
		this.connections.set(clientId, connection);
		this.onEvent?.({ type: "connected", client: clientId });
		this.#tell(`presence/connected/${clientId}`, clientId, {
			eventType: "connected",
			...this.#who(connection),
		});
		return { session, present };
	}

	left(connection: Client, reason: Reason, detail: string): void {
		const { clientId: client, session, will } = connection;
		if (!session) {
			this.onEvent?.({ type: "refused", client, reason, detail });
			return;
		}
		if (this.connections.get(client) === connection) {
			this.connections.delete(client);
			session.detach();
			this.#expire(session);
		}
		this.onEvent?.({ type: "disconnected", client, reason, detail });
		if (will) {
			connection.will = undefined;
			this.route(will);
		}
		this.#tell(`presence/disconnected/${client}`, client, {
			eventType: "disconnected",
			...this.#who(connection),
			clientInitiatedDisconnect: reason === "CLIENT_INITIATED_DISCONNECT",
			disconnectReason: reason,
		});
	}

	/** Of a client that may. What it returns is why the service does not take it. */
	publish(message: Message, from: Client): string | undefined {
		const { topic } = message;
		if (topic.startsWith("$")) {
			const service = this.services.find(({ requests }) =>
				requests.some(filter => matches(filter, topic) || filter === `${topic}/#`),
			);
			// https://docs.aws.amazon.com/iot/latest/developerguide/reserved-topics.html: may end the connection.
			if (!service) return `no publish to ${topic} is allowed`;
			this.onEvent?.({ type: "published", client: from.clientId, topic });
			if (service.visible) this.route(message);
			service.take(message, from);
			return undefined;
		}
		this.onEvent?.({ type: "published", client: from.clientId, topic });
		this.route(message);
		return undefined;
	}

	/** Retains it, if it is to be retained, and offers it to everyone. Also for the service's own messages. */
	route(message: Message): void {
		if (message.retain) {
			if (message.payload.length) this.kept.set(message.topic, message);
			else this.kept.delete(message.topic);
		}
		for (const session of this.sessions.values()) session.offer(message);
	}

	/** Now, or a while later where the whims say that services take their time. */
	soon(what: () => void): void {
		const { answering } = this.whims;
		if (answering) this.clock.after(this.dice.between(1, answering), what);
		else what();
	}

	/** Only for a filter that is the topic itself. https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html#mqtt-retain */
	retained(filter: string, certificateId: string): readonly Message[] {
		if (hasWildcard(filter) && certificateId !== this.overseer) return [];
		return [...this.kept.values()].filter(({ topic }) => matches(filter, topic));
	}

	/** Why no client may subscribe to that. https://docs.aws.amazon.com/iot/latest/developerguide/reserved-topics.html */
	reserved(filter: string): string | undefined {
		if (!filter.startsWith("$")) return undefined;
		if (filter.startsWith("$share/")) return "shared subscriptions are not emulated";
		const answers = [...events, ...this.services.flatMap(({ answers }) => answers)];
		return answers.some(answer => overlap(answer, filter))
			? undefined
			: `no subscription to ${filter} is allowed`;
	}

	subscribed(connection: Client, eventType: "subscribed" | "unsubscribed", topics: readonly string[]): void {
		const { clientId } = connection;
		this.#tell(`subscriptions/${eventType}/${clientId}`, clientId, {
			eventType,
			...this.#who(connection),
			topics,
		});
	}

	close(): void {
		for (const connection of [...this.connections.values()])
			connection.end("SERVER_INITIATED_DISCONNECT", "the service ends");
		for (const stop of this.#expiries.values()) stop();
	}

	#expire(session: Session): void {
		const end = () => {
			this.#expiries.delete(session.id);
			if (this.sessions.get(session.id) === session) this.sessions.delete(session.id);
		};
		const late = this.dice.chance(this.whims.late) ? this.dice.between(1, limits.late) : 0;
		if (session.expiry) this.#expiries.set(session.id, this.clock.after(session.expiry + late, end));
		else end();
	}

	#who({ clientId, certificateId }: Client): object {
		return {
			clientId,
			timestamp: this.clock.now(),
			principalIdentifier: certificateId,
			sessionIdentifier: clientId,
		};
	}

	/** Ids with a wildcard in them have no events. https://docs.aws.amazon.com/iot/latest/developerguide/life-cycle-events.html */
	#tell(topic: string, clientId: string, what: object): void {
		if (/[+#]/.test(clientId)) return;
		const payload = Buffer.from(JSON.stringify(what));
		this.route({ topic: `$aws/events/${topic}`, payload, qos: 1, retain: false });
	}
}
