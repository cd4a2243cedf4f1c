/**
 * The layer that ECMA-419 §25 leaves out: one supervisor that keeps a device connected to one of several brokers,
 * subscribed, and its QoS 1 messages safe until they are acknowledged (MQTT 3.1.1 §4.4). Here are the states and
 * their deadlines; what leaves is sender.ts, what comes is inbound.ts, one connection is link.ts.
 * Monotonic ticks and timers only: a jump of the wall clock changes nothing. Never restarts the device.
 */

import type { Ticks } from "../mqtt/io.js";
import { decode, encode } from "../mqtt/text.js";
import { isTopicName } from "../mqtt/topic.js";
import { Alarm } from "./alarm.js";
import { Backoff } from "./backoff.js";
import type { ClientControl, ClientMessage } from "./client.js";
import { type Counters, type Tally, tally } from "./counters.js";
import { Flight } from "./flight.js";
import { Inbound, type InboundOwner, type Received } from "./inbound.js";
import { Link, type LinkOwner } from "./link.js";
import { type Broker, check, type Deadlines, defaults, type SessionOptions } from "./options.js";
import { Outcome } from "./outcome.js";
import { kindOf, nameOf, passes, Reason } from "./reason.js";
import { Report } from "./report.js";
import { Sender, type SenderOwner } from "./sender.js";
import { legal, State } from "./state.js";
import { type Subscription, Subscriptions } from "./subscriptions.js";

export interface PublishOptions {
	readonly QoS?: 0 | 1;
	readonly retain?: boolean;
	/** By way of `outbox`; QoS 1. */
	readonly durable?: boolean;
	/** While it waits, only the latest on this topic is kept. Also lets a QoS 0 message wait for a connection. */
	readonly latest?: boolean;
}

/** Connections in a row, each shorter than `backoff.stable`, that make a second client of this id likely. */
const suspicion = 3;
const none: PublishOptions = Object.freeze({});

export default class Session implements LinkOwner, InboundOwner, SenderOwner {
	#state: State = State.Waiting;
	readonly #options: SessionOptions;
	readonly #deadlines: Required<Deadlines>;
	readonly #tally: Tally = tally();
	readonly #backoff: Backoff;
	readonly #flight = new Flight();
	readonly #sender: Sender;
	readonly #inbound: Inbound;
	readonly #subscriptions: Subscriptions;
	/** The deadline of the state; in Online, the moment at which the connection counts as stable. */
	readonly #deadline: Alarm;
	/** For what must not happen inside a call of the application. */
	readonly #soon: Alarm;
	readonly #ticks: Ticks;
	#link: Link | undefined;
	/** Index of the broker that is tried, or connected. */
	#broker = 0;
	/** Index of the broker that was last connected; -1 before the first. */
	#last = -1;
	/** In this round of brokers one refused us for a reason that does not pass by itself. */
	#slow = false;
	/** Ticks at which the last try began. */
	#tried = 0;
	/** Connections in a row that ended before they were stable. */
	#brief = 0;
	/** The host said that its network is gone. */
	#down = false;
	/** A SUBSCRIBE that waits for room, or for its SUBACK. */
	#items: readonly Subscription[] | undefined;
	#subscribing = 0;
	/** Packet identifier of the last `offline`; 0 before it was sent. */
	#farewell = 0;
	/** `publish` is on the stack. */
	#inside = false;
	#owed: (readonly [event: number, detail: string])[] = [];
	#full = false;
	#callbacks: (() => void)[] = [];

	/** Throws on options of which no session can be made. Connects as soon as the caller is done. */
	constructor(options: SessionOptions) {
		check(options);
		const { timer, ticks, status, subscriptions = [], random = Math.random } = options;
		this.#options = options;
		this.#ticks = ticks;
		this.#deadlines = { ...defaults.deadlines, ...options.deadlines };
		this.#backoff = new Backoff(options.backoff ?? {}, random);
		this.#inbound = new Inbound(options.longestInbound ?? defaults.longestInbound, this);
		// QoS 0 is enough for our own status: what is missed while away is published again at each connect.
		const own = subscriptions.some(({ topic }) => topic === status.topic)
			? []
			: [{ topic: status.topic, QoS: 0 as const }];
		this.#subscriptions = new Subscriptions([...subscriptions, ...own], options.memory);
		const {
			outbox,
			window = defaults.window,
			rate = defaults.rate,
			queueBytes = defaults.queueBytes,
		} = options;
		const deadline = this.#deadlines.acknowledge;
		this.#sender = new Sender(
			{ outbox, window, rate, queueBytes, deadline, timer, ticks },
			this.#flight,
			this.#tally,
			this,
		);
		this.#deadline = new Alarm(timer, () => this.#expired());
		this.#soon = new Alarm(timer, () => this.#later());
		this.#tried = (ticks.ticks - this.#backoff.minimum) | 0;
		this.#deadline.set(0);
	}

	get online(): boolean {
		return this.#state === State.Online;
	}
	get state(): State {
		return this.#state;
	}
	get counters(): Counters {
		return this.#tally;
	}
	/** The broker that is connected, or tried. */
	get broker(): Broker {
		return this.#options.brokers[this.#broker] as Broker;
	}

	/**
	 * Returns what became of the message; throws only on what is no message: no topic name, another QoS.
	 * Text is sent as UTF-8. The payload may be used again at once.
	 */
	publish(topic: string, payload: Uint8Array | string, options: PublishOptions = none): Outcome {
		const { QoS = 0, retain = false, durable = false, latest = false } = options;
		if (!isTopicName(topic)) throw new RangeError(`topic: expected a topic name, found ${topic}`);
		if (QoS !== 0 && QoS !== 1) throw new RangeError(`QoS: expected 0 or 1, found ${QoS}`);
		if (durable && QoS !== 1) throw new RangeError("durable: expected QoS 1");
		const bytes = typeof payload === "string" ? encode(payload) : payload;
		if (this.#state >= State.Closing) return Outcome.droppedClosed;
		if (bytes.byteLength > (this.#options.longest ?? defaults.longest)) {
			this.#tally.dropped.long++;
			return Outcome.droppedLong;
		}
		this.#inside = true;
		const outcome = durable
			? this.#sender.offerDurable(topic, bytes, retain)
			: this.#sender.offer(topic, bytes, QoS, retain, latest);
		if (outcome !== Outcome.droppedFull) this.#full = false;
		else if (!this.#full) {
			this.#full = true; // once, until something fits again
			this.#report(Report.full, topic);
		}
		this.#inside = false;
		return outcome;
	}
	/** The host's network came up: tries at once, but no two tries within `backoff.minimum`. */
	networkUp(): void {
		this.#down = false;
		const since = (this.#ticks.ticks - this.#tried) | 0;
		if (this.#state === State.Connecting && since >= this.#backoff.minimum) {
			// Begun when there was no network: it may wait for an answer that cannot come.
			this.#drop();
			this.#tally.reconnects[kindOf(Reason.superseded, false)]++;
			this.#enter(State.Waiting);
		}
		if (this.#state > State.Waiting) return;
		this.#broker = 0;
		this.#deadline.set(Math.max(0, this.#backoff.minimum - since));
	}
	/** The host's network is gone: what is connected ends soon, and no try is made before `networkUp` or a deadline. */
	networkDown(): void {
		this.#down = true;
		this.#soon.set(0);
	}
	/**
	 * Publishes `offline`, sends DISCONNECT, and calls back within a second even on a dead link. May be repeated.
	 * Alerts that are not acknowledged stay in `outbox`, which belongs to the caller.
	 */
	close(callback?: () => void): void {
		if (callback) this.#callbacks.push(callback);
		if (this.#state === State.Closing) return;
		if (this.#state === State.Online) {
			this.#sender.close(false);
			this.#enter(State.Closing);
			// What is left of the second is for the broker to take DISCONNECT and close.
			this.#deadline.set(this.#deadlines.close * 0.7);
			this.#bid();
			return;
		}
		if (this.#state !== State.Closed) this.#enter(State.Closed);
		this.#drop();
		this.#soon.set(0);
	}

	// Stages

	/** The one writer of the state. */
	#enter(state: State): void {
		if (!legal(this.#state, state)) throw new Error(`session: ${this.#state} to ${state} is no transition`);
		this.#state = state;
	}
	/** The deadline of the state has passed. */
	#expired(): void {
		switch (this.#state) {
			case State.Network:
			case State.Waiting:
				this.#try();
				break;
			case State.Connecting:
				this.lost(Reason.connect, 0);
				break;
			case State.Subscribing:
				this.lost(Reason.subscribe, 0);
				break;
			case State.Online:
				this.#brief = 0;
				this.#backoff.reset();
				break;
			case State.Closing:
				this.#part();
		}
	}
	#try(): void {
		this.#enter(State.Connecting);
		this.#tried = this.#ticks.ticks;
		const { id, keepAlive, clean = false, status, client } = this.#options;
		const { host, port, user, password, client: overrides } = this.broker;
		const { io, ...shared } = client;
		const timeout = this.#deadlines.connect;
		// The client's own deadline knows better what is missing; ours stands behind it.
		this.#deadline.set(timeout + 500);
		try {
			this.#link = new Link(
				io,
				{
					...shared,
					...overrides,
					host,
					port,
					id,
					keepAlive,
					clean,
					timeout,
					will: { topic: status.topic, message: status.offline, QoS: 1, retain: true },
					...(user === undefined ? undefined : { user }),
					...(password === undefined ? undefined : { password }),
				},
				this,
			);
		} catch (error) {
			this.fault(error);
			this.lost(Reason.unknown, 0);
		}
	}
	/** LinkOwner: CONNACK. */
	accepted(sessionPresent: boolean): void {
		if (this.#state !== State.Connecting) return;
		// Another broker's session knows nothing of these identifiers.
		const same = this.#last === -1 || this.#last === this.#broker;
		this.#last = this.#broker;
		this.#slow = false;
		this.#inbound.begin(sessionPresent && same);
		this.#sender.restore(sessionPresent && same);
		const { host, port } = this.broker;
		this.#subscriptions.begin(`${host}:${port}`, sessionPresent);
		this.#subscribe(sessionPresent);
	}
	#present = false;
	/** Sends the next SUBSCRIBE, or goes online when there is none. */
	#subscribe(sessionPresent: boolean): void {
		this.#present = sessionPresent;
		const items = this.#subscriptions.next();
		if (items.length === 0) {
			this.#stand();
			return;
		}
		if (this.#state !== State.Subscribing) this.#enter(State.Subscribing);
		this.#deadline.set(this.#deadlines.subscribe);
		this.#items = items;
		this.#subscribing = this.#flight.take();
		this.#ask();
	}
	#ask(): void {
		if (this.#items && this.#link?.subscribe(this.#subscribing, this.#items)) this.#items = undefined;
	}
	#subscribed({ id, payload = [] }: ClientControl): void {
		if (this.#state !== State.Subscribing || id !== this.#subscribing) return;
		const whole = this.#subscriptions.acknowledged(payload, ({ topic }, refused) =>
			this.#report(refused ? Report.filterRefused : Report.filterLowered, topic),
		);
		if (whole) this.#subscribe(this.#present);
		else this.lost(Reason.malformed, 0);
	}
	#stand(): void {
		this.#enter(State.Online);
		this.#deadline.set(this.#backoff.stable);
		this.#tally.connects++;
		this.#announce();
		this.#sender.open(this.#link as Link);
		this.#call(() => this.#options.onOnline?.(this.#present));
	}
	#announce(): void {
		const { topic, online } = this.#options.status;
		this.#sender.offer(topic, encode(online), 1, true, true);
	}
	/** LinkOwner, and every way in which a connection or a try ends but `close`. */
	lost(reason: number, returnCode: number): void {
		const before = this.#state;
		if (before === State.Closing) this.#finish();
		if (before <= State.Waiting || before >= State.Closing) return;
		this.#drop();
		const online = before === State.Online;
		this.#tally.reconnects[kindOf(reason, online)]++;
		// A message is to blame only if the broker ended the connection, or would not acknowledge.
		if (online) this.#sender.close(reason === Reason.disconnected || reason >= Reason.acknowledge);
		this.#enter(this.#down ? State.Network : State.Waiting);
		const { host, port } = this.broker;
		const delay = online ? this.#afterOnline(reason) : this.#afterTry(returnCode);
		this.#deadline.set(this.#down ? this.#deadlines.network : delay);
		if (online) this.#call(() => this.#options.onOffline?.(reason));
		else if (returnCode && !passes(returnCode)) this.#report(Report.refused, `${host}:${port} ${returnCode}`);
		else this.#report(Report.failed, `${host}:${port} ${nameOf(reason)}`);
	}
	/** Milliseconds until the next try. */
	#afterOnline(reason: number): number {
		this.#broker = 0;
		if (reason === Reason.disconnected && ++this.#brief >= suspicion) {
			this.#brief = 0;
			this.#report(Report.duplicateSuspected, this.#options.id);
		}
		return this.#backoff.next();
	}
	#afterTry(returnCode: number): number {
		if (returnCode && !passes(returnCode)) this.#slow = true;
		if (++this.#broker < this.#options.brokers.length) return this.#backoff.brief();
		this.#broker = 0;
		const slow = this.#slow;
		this.#slow = false;
		return slow ? this.#backoff.slow() : this.#backoff.next();
	}
	/** Lets go of the connection, whatever it was doing. */
	#drop(): void {
		this.#link?.close();
		this.#link = undefined;
		this.#items = undefined;
		this.#deadline.clear();
	}

	// Closing

	#bid(): void {
		const { topic, offline } = this.#options.status;
		const id = this.#flight.take();
		if (this.#link?.send(topic, encode(offline), 1, true, false, id)) this.#farewell = id;
	}
	/** `offline` is acknowledged, or has had its time: DISCONNECT, and the broker closes [MQTT-3.14.4-1]. */
	#part(): void {
		// Without `offline` no DISCONNECT either: the will says it then.
		const parted = this.#farewell > 0 && this.#link?.disconnect();
		this.#farewell = -1;
		if (parted) this.#deadline.set(this.#deadlines.close * 0.25);
		else this.#finish();
	}
	#finish(): void {
		this.#drop();
		this.#enter(State.Closed);
		this.#end();
	}
	#end(): void {
		const callbacks = this.#callbacks;
		this.#callbacks = [];
		this.#deadline.close();
		this.#soon.close();
		this.#sender.end();
		for (const callback of callbacks) this.#call(callback);
	}

	// What comes

	/** LinkOwner. */
	control(operation: number, message: ClientControl): void {
		const { io } = this.#options.client;
		const { id = 0 } = message;
		if (operation === io.PUBACK) {
			if (this.#state === State.Closing && id === this.#farewell) this.#part();
			else this.#sender.acknowledged(id);
		} else if (operation === io.SUBACK) this.#subscribed(message);
		else if (operation === io.PUBREL) {
			this.#inbound.released(id);
			this.#link?.reply(io.PUBCOMP, id); // [MQTT-4.3.3-2]
		}
	}
	/** LinkOwner. */
	readable(count: number, message: ClientMessage): void {
		const link = this.#link;
		if (link) this.#inbound.readable(count, message, buffer => link.read(buffer));
	}
	/** LinkOwner. */
	writable(): void {
		if (this.#state === State.Subscribing) this.#ask();
		else if (this.#state === State.Closing && this.#farewell === 0) this.#bid();
		else this.#sender.pump();
	}
	/** InboundOwner. */
	taken(topic: string, payload: Uint8Array | undefined, message: Received): boolean {
		this.#tally.received++;
		if (message.duplicate) this.#tally.duplicates++;
		if (!payload) this.#report(Report.long, topic);
		else if (topic === this.#options.status.topic && this.#isOffline(payload)) this.#contradict();
		else if (topic !== this.#options.status.topic || this.#isSubscribed(topic))
			// One that could not be taken twice is given up, or it would come for ever.
			return this.#call(() => this.#options.onMessage?.(topic, payload, message)) || message.duplicate;
		return true;
	}
	/** InboundOwner. */
	acknowledge(QoS: number, packetIdentifier: number): void {
		const { io } = this.#options.client;
		this.#link?.reply(QoS === 1 ? io.PUBACK : io.PUBREC, packetIdentifier);
	}
	#isOffline(payload: Uint8Array): boolean {
		try {
			return decode(payload) === this.#options.status.offline;
		} catch {
			return false;
		}
	}
	#isSubscribed(name: string): boolean {
		return (this.#options.subscriptions ?? []).some(({ topic }) => topic === name);
	}
	/** The will of an older connection came late, and hides that we are online (field-notes §2, line 15). */
	#contradict(): void {
		if (this.#state !== State.Online) return; // before that, `online` is still to come
		this.#tally.lateWills++;
		this.#announce();
		this.#report(Report.lateWill, this.#options.status.topic);
	}

	// What is told

	/** SenderOwner. */
	stalled(): void {
		this.lost(Reason.acknowledge, 0);
	}
	/** SenderOwner. */
	quarantined(topic: string): void {
		this.#report(Report.quarantined, topic);
	}
	/** LinkOwner, SenderOwner: something threw that should not; the session goes on. */
	fault(error: unknown): void {
		this.#report(Report.internal, `${error}`);
	}
	#report(event: number, detail: string): void {
		if (!this.#inside) this.#call(() => this.#options.onReport?.(event, detail));
		else if (this.#owed.push([event, detail])) this.#soon.set(0);
	}
	/** Calls the application. False when it threw, which must not end the virtual machine. */
	#call(callback: () => void): boolean {
		try {
			callback();
			return true;
		} catch (error) {
			try {
				this.#options.onReport?.(Report.handler, `${error}`);
			} catch {
				// A handler of reports that throws: there is nobody left to tell.
			}
			return false;
		}
	}
	/** What a call of the application has left to be done after it. */
	#later(): void {
		const owed = this.#owed;
		this.#owed = [];
		for (const [event, detail] of owed) this.#report(event, detail);
		if (this.#state === State.Closed) this.#end();
		else if (!this.#down) return;
		else if (this.#state === State.Waiting) {
			this.#enter(State.Network);
			this.#deadline.set(this.#deadlines.network);
		} else if (this.#state > State.Waiting && this.#state < State.Closing) this.lost(Reason.network, 0);
	}
}
