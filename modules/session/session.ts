/**
 * The layer that ECMA-419 §25 leaves out: keeps a device connected to one of several brokers, subscribed, and its
 * QoS 1 messages safe until they are acknowledged (MQTT 3.1.1 §4.4). This is its surface; supervisor.ts
 * puts its parts together. Never restarts the device, never throws for the loss of a connection, and looks at monotonic time only.
 */

import { encode, isTopicName } from "../mqtt/codec.js";
import { type Broker, defaults, type PublishOptions, type SessionOptions } from "./options.js";
import { type Application, type Counters, Outcome, Report, type Tally } from "./outcomes.js";
import type { Sender } from "./sender.js";
import { State, Supervisor } from "./supervisor.js";

export type * from "./options.js";
export { Outcome, Reason, Report } from "./outcomes.js";

const none: PublishOptions = Object.freeze({});
const known: PublishOptions = Object.freeze({ checked: true });

/** Why each try would fail, without end, or no message would ever leave; undefined where nothing is wrong. */
const mistake = (options: SessionOptions): string | undefined => {
	const { brokers, brokerOrder = "listed", id, keepAlive, outbox, status, subscriptions = [] } = options;
	const { publishRate = 5, rate = 1, window = 1 } = options;
	if (!options.client?.io) return "client: expected an object with io, an MQTT client class";
	if (!brokers?.length) return "brokers: expected at least one";
	const broker = brokers.find(({ host, port }) => !host || !(port > 0 && port < 65_536));
	if (broker) return `broker: expected host and port, found ${broker.host}:${broker.port}`;
	if (brokerOrder !== "listed" && brokerOrder !== "random")
		return `brokerOrder: expected listed or random, found ${brokerOrder}`;
	if (!id) return "id: expected a client identifier";
	if (!(keepAlive >= 0)) return `keepAlive: expected milliseconds, found ${keepAlive}`;
	if (!status || !isTopicName(status.topic)) return "status.topic: expected a topic name";
	const item = subscriptions.find(
		({ topic, QoS }) => !isTopicName(topic) || (QoS !== 0 && QoS !== 1 && QoS !== 2),
	);
	if (item) return `subscriptions: expected exact names at QoS 0, 1 or 2, found ${item.topic} at ${item.QoS}`;
	if (!(window >= 1 && window <= 1000)) return `window: expected 1…1000, found ${window}`;
	if (!(rate > 0)) return `rate: expected messages a second, found ${rate}`;
	if (!(publishRate >= 5)) return `publishRate: expected at least 5, found ${publishRate}`;
	return outbox ? undefined : "outbox: expected an Outbox";
};

/** A session as a board uses it: one that is not connected has another, without broker. */
export type SessionLike = Pick<Session, "online" | "publish" | "measure" | "resume" | "close"> &
	Partial<Pick<Session, "stream">> & { readonly counters: object };

/**
 * Keeps one client of one of several brokers connected. The constructor throws on wrong options, `publish` on a
 * wrong topic or QoS; nothing else throws.
 */
export default class Session {
	// What a sample needs is among the first: XS looks for a field from the first on.
	/** Given to each write of a measurement. */
	private readonly measurement = { topic: "", QoS: 0, retain: false, duplicate: false };
	private readonly sender: Sender;
	/** Counts from the moment the session was made. */
	readonly counters: Counters;
	private readonly options: SessionOptions;
	private readonly application: Application;
	private readonly supervisor: Supervisor;
	/** It was said that messages are refused, and none has been accepted since. */
	private full: boolean;

	/** Throws on options of which no session can be made. Connects as soon as the caller is done. */
	constructor(options: SessionOptions) {
		const wrong = mistake(options);
		if (wrong) throw new RangeError(wrong);
		const supervisor = new Supervisor(options);
		const application = supervisor.application;
		this.sender = supervisor.sender;
		this.counters = application.counters;
		this.options = options;
		this.application = application;
		this.supervisor = supervisor;
		this.full = false;
		options.watch?.(up => (up ? this.networkUp() : this.networkDown()));
	}

	/** Connected, and each subscription granted. */
	get online(): boolean {
		return this.supervisor.state === State.Online;
	}
	/** One of `State` (supervisor.ts). */
	get state(): State {
		return this.supervisor.state;
	}
	/** The broker that is connected, or tried. */
	get broker(): Broker {
		return this.supervisor.brokers.broker;
	}

	/**
	 * Returns what became of the message (`Outcome`); throws only on a wrong topic or QoS.
	 * Text is sent as UTF-8. The payload may be used again at once.
	 */
	publish(topic: string, payload: Uint8Array | string, options: PublishOptions = none): Outcome {
		const QoS = options.QoS ?? 0;
		const durable = options.durable;
		if (!options.checked && !isTopicName(topic))
			throw new RangeError(`topic: expected a topic name, found ${topic}`);
		if (durable ? QoS !== 1 : QoS !== 0 && QoS !== 1 && QoS !== 2)
			throw new RangeError(`QoS: expected 0, 1 or 2, and 1 where durable, found ${QoS}`);
		const bytes = typeof payload === "string" ? encode(payload) : payload;
		if (this.supervisor.state >= State.Closing) return Outcome.droppedClosed;
		if (bytes.byteLength > (this.options.longest ?? defaults.longest)) {
			this.application.counters.dropped.long++;
			return Outcome.droppedLong;
		}
		const sender = this.sender;
		const outcome = durable
			? sender.offerDurable(topic, bytes, options)
			: sender.offer(topic, bytes, options);
		if (outcome === Outcome.droppedFull) {
			this.application.counters.dropped.full++;
			// Once, until something fits again.
			if (!this.full) this.application.owe(Report.full, topic);
		}
		this.full = outcome === Outcome.droppedFull;
		return outcome;
	}
	/**
	 * A measurement: as `publish` at QoS 0, of a text that brokers take, on a topic that needs no look because it is the same each
	 * time. Each sample goes this way, which saves a third of what `publish` takes.
	 */
	measure(topic: string, text: string): Outcome {
		const bytes = encode(text);
		const sender = this.sender;
		const link = sender.link;
		const message = this.measurement;
		message.topic = topic;
		// Here and not in the sender: a frame less is 22 units.
		if (link === undefined || sender.live.zeros !== 0 || !link.write(bytes, message))
			return this.publish(topic, bytes, known);
		(this.counters as Tally).sent++;
		return Outcome.sent;
	}
	/**
	 * Publishes a retained message at QoS 0 that is never held whole: `source` makes the next piece of its payload each time that
	 * there is room, `byteLength` bytes in all. False when the connection cannot take it now; nothing is kept then.
	 */
	stream(topic: string, byteLength: number, source: () => Uint8Array | undefined): boolean {
		return this.sender.link?.stream(topic, byteLength, source) === true;
	}
	/** The application is ready for the next message, which it gets in a turn of its own. */
	resume(): void {
		this.supervisor.soon.set(0);
	}
	/** The host's network came up: tries at once, but never twice within `backoff.minimum`. */
	networkUp(): void {
		this.supervisor.up();
	}
	/** The host's network is gone: what is connected ends, and no try is made before `networkUp` or a deadline. */
	networkDown(): void {
		this.supervisor.down();
	}
	/**
	 * Publishes `farewell` retained as the status (empty clears it), sends DISCONNECT, and calls back within a second even
	 * on a dead link: with true if the broker has taken it. May be repeated. Messages that are not acknowledged stay in
	 * `outbox`, which belongs to the caller.
	 */
	close(callback?: (parted: boolean) => void, farewell = this.options.status.offline): void {
		this.supervisor.close(farewell, callback);
	}
}
