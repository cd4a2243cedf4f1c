/**
 * The states of a session, each with its deadline, and the one writer of them (DESIGN.md, "States, connections"). A connection that
 * is lost leads back to Waiting, and from there a try follows, for ever, until `close`. Makes the parts, asks for the subscriptions
 * and says farewell, since those are stages. Sends and reads no message: sender.ts and subscriptions.ts do.
 */

import type { ControlMessage } from "../mqtt/io.js";
import { Brokers } from "./brokers.js";
import { Deadline, Pace, since } from "./deadline.js";
import { InFlight } from "./inflight.js";
import { Link, type LinkOwner } from "./link.js";
import { type Deadlines, defaults, type SessionOptions } from "./options.js";
import { Application, kindOf, nameOf, Packet, passes, Reason, Report } from "./outcomes.js";
import { Queue } from "./queue.js";
import { Sender } from "./sender.js";
import { Status } from "./status.js";
import { Inbound, Subscriptions } from "./subscriptions.js";

/** The states of a session, in order. Each but Closed has a deadline; the one of Online says that the connection is stable. */
export const State = Object.freeze({
	/** Back-off between two tries. Where the host said that there is no network, one is made at a deadline all the same. */
	Waiting: 0,
	/** Name, TCP, TLS, CONNECT: until CONNACK. */
	Connecting: 1,
	/** Until each SUBSCRIBE has its SUBACK. */
	Subscribing: 2,
	Online: 3,
	/** `offline` and DISCONNECT are on their way. */
	Closing: 4,
	Closed: 5,
});
export type State = (typeof State)[keyof typeof State];

const { Waiting, Connecting, Subscribing, Online, Closing, Closed } = State;

/** A bit for each state. */
const to = (a: State, b = a, c = a, d = a): number => (1 << a) | (1 << b) | (1 << c) | (1 << d);

/** By state: those that may follow. A connection that is lost leads to Waiting, and in Closing to Closed. */
const transitions: readonly number[] = Object.freeze([
	/* Waiting */ to(Connecting, Closed),
	/* Connecting */ to(Subscribing, Online, Waiting, Closed), // Online: every filter is left out.
	/* Subscribing */ to(Online, Waiting, Closed),
	/* Online */ to(Waiting, Closing), // Not Subscribing: filters that are asked for anew keep no message from leaving.
	/* Closing */ to(Closed), // Not Waiting: a farewell is not tried again, the will speaks in its place.
	/* Closed */ 0,
]);

export const legal = (from: State, next: State): boolean =>
	((transitions[from] as number) & (1 << next)) !== 0;

export class Supervisor implements LinkOwner {
	/** Written by `enter` only. */
	state: State = Waiting;
	readonly brokers: Brokers;
	readonly pace: Pace | undefined;
	readonly sender: Sender;
	readonly inbound: Inbound;
	readonly application: Application;
	/** For calls back that must not happen inside a call of the application. */
	readonly soon: Deadline;
	private readonly options: SessionOptions;
	private readonly status: Status;
	private readonly inflight: InFlight;
	private readonly subscriptions: Subscriptions;
	private readonly deadlines: Required<Deadlines>;
	/** The deadline of the state; in Online, the connection is stable once it has passed. */
	private readonly deadline: Deadline;
	private link: Link | undefined;
	private sessionPresent = false;
	/** Milliseconds in which SUBACK has to come; longer after each time that it did not. */
	private slowness: number;
	/** Ticks at which the last try began; undefined before the first. */
	private tried: number | undefined;
	/** The host said that its network is gone, and no try has been made since. */
	private networkDown = false;
	/** The last status. */
	private farewell = "";
	/** Its packet identifier: 0 before it was sent, -1 once DISCONNECT was. */
	private parting = 0;
	/** The broker has acknowledged the last status, was sent DISCONNECT and has closed. */
	private parted = false;
	private callbacks: ((parted: boolean) => void)[] = [];

	constructor(options: SessionOptions) {
		const { publishRate, queueBytes = defaults.queueBytes, random = Math.random, ticks, timer } = options;
		const live = new Queue({ byteLength: queueBytes, yielding: true });
		this.options = options;
		this.soon = new Deadline(timer, this, this.later);
		this.application = new Application(options, this.soon);
		this.status = new Status(options, this.application, this);
		this.inflight = new InFlight(live, options.outbox, this.status, random);
		this.sender = new Sender(options, this.inflight, this.application);
		this.inbound = new Inbound(options, this.status, this.sender, this.application);
		this.subscriptions = new Subscriptions(this.status.subscriptions, this.inflight, this.application);
		this.pace = publishRate ? new Pace(publishRate, ticks, timer, this.sender, this.sender.pump) : undefined;
		this.deadlines = { ...defaults.deadlines, ...options.deadlines };
		this.brokers = new Brokers(options);
		this.slowness = this.deadlines.subscribe;
		this.deadline = new Deadline(timer, this, this.expired);
		this.deadline.set(this.brokers.first());
	}

	/** The host's network came up: tries at once, but never twice within the back-off's minimum. */
	up(): void {
		this.networkDown = false;
		const minimum = this.brokers.backoff.minimum;
		const passed = this.tried === undefined ? minimum : since(this.options.ticks.ticks, this.tried);
		if (this.state === Connecting && passed >= minimum) {
			// Begun when there was no network: it may wait for an answer that cannot come.
			this.drop();
			this.enter(Waiting);
		}
		if (this.state !== Waiting) return;
		this.brokers.restart();
		this.deadline.set(Math.max(0, minimum - passed) + this.brokers.first());
	}
	/** The host's network is gone: no try before it is back, or a deadline. `later` ends the connection. */
	down(): void {
		if (this.networkDown) return; // Said again, it moves no deadline.
		this.networkDown = true;
		if (this.state === Waiting) this.deadline.set(this.deadlines.network);
		else this.soon.set(0);
	}
	/** Ends in Closed, within the deadline; then calls back. */
	close(farewell: string, callback?: (parted: boolean) => void): void {
		if (callback) this.callbacks.push(callback);
		if (this.state === Online) {
			this.farewell = farewell;
			this.sender.close(Reason.network);
			this.enter(Closing);
			// 0.25 more of it is for the broker to take DISCONNECT and close, the rest for timers that are late.
			this.deadline.set(this.deadlines.close * 0.7);
			this.writable();
		} else if (this.state < Closing) this.finish();
		else this.soon.set(0);
	}

	/** After a call of the application has returned: what it is owed, and what it has begun. */
	private later(): void {
		const { application, callbacks } = this;
		application.flush();
		if (this.state !== Closed) {
			if (this.networkDown && this.state !== Closing) this.lost(Reason.network);
			this.link?.resume();
			return;
		}
		// The timers go back to the host; the outbox belongs to its maker.
		this.soon.close();
		this.deadline.close();
		this.status.end();
		this.pace?.close();
		this.sender.end();
		this.callbacks = [];
		callbacks.forEach(callback => application.call(() => callback(this.parted)));
	}
	/** The one writer of the state. */
	private enter(state: State): void {
		if (!legal(this.state, state)) throw new Error(`session: ${this.state} to ${state} is no transition`);
		this.state = state;
	}
	/** The deadline of the state has passed. */
	private expired(): void {
		const state = this.state;
		if (state === Waiting) this.try();
		else if (state === Online) {
			this.slowness = this.deadlines.subscribe;
			this.brokers.settled();
		} else if (state === Closing) this.part(false);
		else this.lost(state === Connecting ? Reason.connect : Reason.subscribe);
	}
	private try(): void {
		this.enter(Connecting);
		this.tried = this.options.ticks.ticks;
		this.networkDown = false;
		const { id, keepAlive, clean = false, client } = this.options;
		const { client: overrides, ...address } = this.brokers.broker;
		const timeout = this.brokers.left.length > 0 ? this.deadlines.next : this.deadlines.connect;
		// The client's own deadline names the stage that failed; ours stands behind it.
		this.deadline.set(timeout + 500);
		const longestTopic = this.subscriptions.longest;
		const own = { ...address, id, keepAlive, clean, timeout, longestTopic, will: this.status.will };
		const all = { ...client, ...overrides, ...own };
		try {
			this.link = new Link(client.io, all, this, this.application);
		} catch (error) {
			this.application.report(Report.internal, `${error}`);
			this.lost(Reason.unknown);
		}
	}
	/** LinkOwner: CONNACK. */
	accepted(sessionPresent: boolean): void {
		// Another broker's session knows nothing of what is in flight.
		const known = this.brokers.accepted() && sessionPresent;
		this.inbound.begin(known);
		this.sender.restore(this.link as Link, known);
		this.application.call(() => this.options.onAccepted?.(this.brokers.index));
		this.sessionPresent = sessionPresent;
		this.subscriptions.begin(!sessionPresent);
		this.subscribe();
	}
	/** Sends the next SUBSCRIBE, or goes online when there is none. */
	private subscribe(): void {
		const link = this.link;
		// The application may close the session in each of its callbacks.
		if (!link || this.state > Online) return;
		const asked = this.subscriptions.ask(link);
		if (this.state === Online) return;
		if (asked) {
			if (this.state !== Subscribing) this.enter(Subscribing);
			this.deadline.set(this.slowness);
			return;
		}
		this.enter(Online);
		this.deadline.set(this.brokers.backoff.stable);
		this.application.counters.connects++;
		this.subscriptions.online();
		if ((this.state as State) !== Online) return;
		this.sender.open(link);
		this.application.call(() => this.options.onOnline?.(this.sessionPresent));
		// Our own `online` has to come back, unless the broker has refused that filter.
		if (this.subscriptions.expects(this.status.message.topic) && (this.state as State) === Online)
			this.status.listen();
	}
	/** Our own `online` has not come back: the subscriptions are made again. */
	deaf(): void {
		this.subscriptions.begin(true);
		this.subscribe();
		this.sender.announce();
		this.status.listen();
	}
	/** LinkOwner: a packet for us. */
	control(operation: number, message: ControlMessage): void {
		const link = this.link as Link;
		const id = message.id ?? 0;
		if (operation === Packet.PUBACK || operation === Packet.PUBCOMP) {
			if (this.state === Closing && id === this.parting) this.part(true);
			else this.sender.acknowledged(id);
		} else if (operation === Packet.SUBACK) {
			if (this.state <= Online && this.subscriptions.acknowledged(link, id, message.payload ?? []))
				this.subscribe();
		} else if (operation === Packet.PUBREC) this.sender.received(link, id);
		else if (operation === Packet.PUBREL) this.inbound.released(link, id);
		else if (operation === Packet.PUBLISH) this.inbound.passed(link, message);
	}
	/** LinkOwner: there is room, for what waits or for the farewell. */
	writable(): void {
		const link = this.link as Link;
		if (this.state <= Online) this.subscriptions.writable(link);
		if (this.state === Online) this.sender.pump();
		if (this.state !== Closing || this.parting !== 0) return;
		const id = this.inflight.take();
		if (this.status.part(link, this.farewell, id)) this.parting = id;
	}
	/** Ends the connection; a try follows after the back-off. Nothing happens where there is none. */
	lost(reason: number, returnCode = 0, cause = ""): void {
		const { application, brokers, deadlines, sender, state } = this;
		if (state === Closing) this.finish();
		if (state === Waiting || state >= Closing) return;
		const online = state === Online;
		const { host, port } = brokers.broker;
		if (reason === Reason.disconnected) this.subscriptions.hungUp();
		this.drop();
		this.enter(Waiting);
		if (reason === Reason.subscribe) this.slowness = Math.min(2 * this.slowness, deadlines.connect);
		const stable = !this.deadline.standing;
		const delay = online ? brokers.ended(sender.poison.served, stable, reason) : brokers.failed(returnCode);
		this.deadline.set(this.networkDown ? deadlines.network : delay);
		application.counters.reconnects[kindOf(reason, online)]++;
		if (online) {
			sender.close(reason);
			application.call(() => this.options.onOffline?.(reason));
			if (reason === Reason.disconnected && brokers.suspect())
				application.report(Report.duplicateSuspected, this.options.id);
		} else if (returnCode && !passes(returnCode))
			application.report(Report.refused, `${host}:${port} ${returnCode}`);
		else
			application.report(Report.failed, `${host}:${port} ${nameOf(Reason, reason)}${cause && ` (${cause})`}`);
	}
	/** The farewell is acknowledged, or has had its time: DISCONNECT, and the broker closes [MQTT-3.14.4-1]. */
	private part(acknowledged: boolean): void {
		// Without the farewell no DISCONNECT either: the will says `offline` then.
		const left = this.parting > 0 && (this.link as Link).disconnect();
		this.parting = -1;
		this.parted = left && acknowledged;
		if (left) this.deadline.set(this.deadlines.close * 0.25);
		else this.finish(); // also when the broker has not closed in time
	}
	private finish(): void {
		this.drop();
		this.enter(Closed);
		this.soon.set(0);
	}
	/** Lets go of the connection, in any state. */
	private drop(): void {
		this.status.lost();
		this.link?.close();
		this.link = undefined;
	}
}
