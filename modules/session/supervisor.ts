/**
 * The states of a session, each with its deadline, and the one writer of them: from every state a try follows. Makes the parts,
 * subscribes and says farewell, since those are stages, and hands on to sender and inbound what a connection brings.
 */

import { Brokers } from "./brokers.js";
import { Deadline, since } from "./deadline.js";
import { Inbound } from "./inbound.js";
import { InFlight } from "./inflight.js";
import type { ClientControl, ClientMessage, LinkOptions } from "./io.js";
import { Link, type LinkOwner } from "./link.js";
import { type Deadlines, defaults, type SessionOptions } from "./options.js";
import { type Application, kindOf, nameOf, Packet, passes, Reason, Report, State } from "./outcomes.js";
import { Pace } from "./pace.js";
import { Queue } from "./queue.js";
import { Sender } from "./sender.js";
import { Status } from "./status.js";
import { Subscriptions } from "./subscriptions.js";

const LEFT = -2;
const { Network, Waiting, Connecting, Subscribing, Online, Closing, Closed } = State;

const to = (...states: readonly State[]) => states.reduce((mask: number, state) => mask | (1 << state), 0);

/** Every legal way from one state to another. */
const transitions: readonly number[] = Object.freeze([
	/* Network */ to(Waiting, Connecting, Closed),
	/* Waiting */ to(Waiting, Connecting, Network, Closed), // Waiting: a network that flaps moves the moment.
	/* Connecting */ to(Subscribing, Online, Waiting, Network, Closed), // Online: nothing to subscribe to.
	/* Subscribing */ to(Online, Waiting, Network, Closed),
	/* Online */ to(Waiting, Network, Closing, Closed), // Closed: the farewell did not fit in, the will speaks.
	/* Closing */ to(Closed),
	/* Closed */ 0,
]);

export const legal = (from: State, next: State): boolean =>
	((transitions[from] as number) & (1 << next)) !== 0;

export class Supervisor implements LinkOwner {
	/** Written by `enter` only. */
	state: State = Waiting;
	readonly brokers: Brokers;
	readonly pace: Pace | undefined;
	private readonly options: SessionOptions;
	private readonly status: Status;
	private readonly inflight: InFlight;
	readonly sender: Sender;
	private readonly inbound: Inbound;
	private readonly application: Application;
	private readonly soon: Deadline;
	private readonly subscriptions: Subscriptions;
	private readonly deadlines: Required<Deadlines>;
	/** The deadline of the state; in Online, the moment at which the connection counts as stable. */
	private readonly deadline: Deadline;
	private link: Link | undefined;
	private sessionPresent = false;
	/** For SUBACK: longer each time that a broker has not kept it. */
	private slowness: number;
	/** Ticks at which the last try began; undefined before the first. */
	private tried: number | undefined;
	/** The host said that its network is gone. */
	private networkDown = false;
	/** The last status. */
	private farewell = "";
	/** Its packet identifier: 0 before it was sent, -1 once DISCONNECT was, or LEFT if PUBACK came before that. */
	private parting = 0;
	/** The broker has acknowledged the last status, was sent DISCONNECT and has closed. */
	parted = false;

	/** `soon` fires when the session has to look at the state. */
	constructor(options: SessionOptions, application: Application, soon: Deadline) {
		const { publishRate, queueBytes = defaults.queueBytes, random = Math.random, ticks, timer } = options;
		const live = new Queue({ byteLength: queueBytes, yielding: true });
		const status = new Status(options, application);
		const inflight = new InFlight(live, options.outbox, status, random);
		const sender = new Sender(options, inflight, application);
		this.options = options;
		this.application = application;
		this.soon = soon;
		this.status = status;
		this.inflight = inflight;
		this.sender = sender;
		this.inbound = new Inbound(options, status, live, sender, application);
		this.pace = publishRate ? new Pace(publishRate, ticks, timer, sender, sender.pump) : undefined;
		this.deadlines = { ...defaults.deadlines, ...options.deadlines };
		this.brokers = new Brokers(options);
		this.slowness = this.deadlines.subscribe;
		this.subscriptions = new Subscriptions(status.subscriptions, inflight, application);
		status.owner = this;
		this.deadline = new Deadline(timer, this, this.expired);
		this.deadline.set(this.brokers.first());
	}

	/** The host's network came up: tries at once, but never twice within the back-off's minimum. */
	up(): void {
		this.networkDown = false;
		const minimum = this.brokers.minimum;
		const passed = this.tried === undefined ? minimum : since(this.options.ticks.ticks, this.tried);
		if (this.state === Connecting && passed >= minimum) {
			// Begun when there was no network: it may wait for an answer that cannot come.
			this.drop();
			this.enter(Waiting);
		}
		if (this.state > Waiting) return;
		this.brokers.restart();
		this.deadline.set(Math.max(0, minimum - passed) + this.brokers.first());
	}
	/** The host's network is gone. `settle` acts on it, after the caller's call. */
	down(): void {
		this.networkDown = true;
		this.soon.set(0);
	}
	/** Does what `down` asked for, if it still holds. */
	settle(): void {
		if (!this.networkDown) return;
		if (this.state === Waiting) {
			this.enter(Network);
			this.deadline.set(this.deadlines.network);
		} else if (this.state > Waiting && this.state < Closing) this.lost(Reason.network, 0);
	}
	/** Ends in Closed, within the deadline. */
	close(farewell: string): void {
		if (this.state === Online) {
			this.farewell = farewell;
			this.sender.close(Reason.network);
			this.enter(Closing);
			// The rest of it is for the broker to take DISCONNECT and close.
			this.deadline.set(this.deadlines.close * 0.7);
			this.bid();
		} else if (this.state < Closing) this.finish();
		else this.soon.set(0);
	}
	/** Gives the timers back; the outbox belongs to its maker. */
	end(): void {
		this.deadline.close();
		this.status.end();
		this.pace?.close();
		this.sender.end();
	}
	/** Ends the connection; a try follows after the back-off. Nothing happens when there is neither. */
	lost(reason: number, returnCode = 0, cause = ""): void {
		const before = this.state;
		if (before === Closing) {
			this.parted = this.parting === LEFT;
			this.finish();
		}
		if (before <= Waiting || before >= Closing) return;
		const { application, sender } = this;
		const online = before === Online;
		const { host, port } = this.brokers.broker;
		if (reason === Reason.disconnected) this.subscriptions.hungUp();
		this.drop();
		this.enter(this.networkDown ? Network : Waiting);
		if (reason === Reason.subscribe) this.slowness = Math.min(2 * this.slowness, this.deadlines.connect);
		const delay = online ? this.brokers.ended(sender.poison.served, reason) : this.brokers.failed(returnCode);
		this.deadline.set(this.networkDown ? this.deadlines.network : delay);
		application.counters.reconnects[kindOf(reason, online)]++;
		if (online) {
			sender.close(reason);
			application.offline(reason);
			if (reason === Reason.disconnected && this.brokers.suspect())
				application.report(Report.duplicateSuspected, this.options.id);
		} else if (returnCode && !passes(returnCode))
			application.report(Report.refused, `${host}:${port} ${returnCode}`);
		else application.report(Report.failed, `${host}:${port} ${nameOf(reason)}${cause && ` (${cause})`}`);
	}

	/** The one writer of the state. */
	private enter(state: State): void {
		if (!legal(this.state, state)) throw new Error(`session: ${this.state} to ${state} is no transition`);
		this.state = state;
	}
	/** The deadline of the state has passed. */
	private expired(): void {
		const state = this.state;
		if (state === Online) {
			this.slowness = this.deadlines.subscribe;
			this.brokers.settled();
		} else if (state === Closing) this.part();
		else if (state > Waiting) this.lost(state === Connecting ? Reason.connect : Reason.subscribe);
		// Not even a first try, where the host has said before that there is no network.
		else if (state === Waiting && this.networkDown) this.settle();
		else this.try();
	}
	/** Lets go of the connection, in any state. */
	private drop(): void {
		this.deadline.clear();
		this.status.lost();
		this.link?.close();
		this.link = undefined;
	}
	private try(): void {
		this.enter(Connecting);
		this.tried = this.options.ticks.ticks;
		const { id, keepAlive, clean = false, client } = this.options;
		const { host, port, user, password, client: overrides } = this.brokers.broker;
		const { io, ...shared } = client;
		const timeout = this.brokers.more ? this.deadlines.next : this.deadlines.connect;
		// The client's own deadline names the stage that failed; ours stands behind it.
		this.deadline.set(timeout + 500);
		const longestTopic = this.subscriptions.longest;
		const will = this.status.will;
		// A user or password that is undefined is none.
		const own = { host, port, user, password, id, keepAlive, clean, timeout, longestTopic, will };
		const application = this.application;
		try {
			this.link = new Link(io, { ...shared, ...overrides, ...own } as LinkOptions, this, application);
		} catch (error) {
			application.report(Report.internal, `${error}`);
			this.lost(Reason.unknown);
		}
	}
	/** LinkOwner: CONNACK. */
	accepted(sessionPresent: boolean): void {
		if (this.state !== Connecting) return;
		// There is a network, also where the host said that there is none.
		this.networkDown = false;
		// Another broker's session knows nothing of what is in flight.
		const same = this.brokers.accepted();
		this.inbound.begin(sessionPresent && same);
		this.sender.restore(this.link as Link, sessionPresent && same);
		this.application.accepted(this.brokers.index);
		this.sessionPresent = sessionPresent;
		this.subscriptions.begin(!sessionPresent);
		this.subscribe();
	}
	/** Sends the next SUBSCRIBE, or goes online when there is none. */
	private subscribe(): void {
		const link = this.link as Link;
		const asked = this.subscriptions.ask(link);
		if (this.state === Online) return;
		if (asked) {
			if (this.state !== Subscribing) this.enter(Subscribing);
			this.deadline.set(this.slowness);
		} else {
			const { sender, status, application } = this;
			this.enter(Online);
			this.deadline.set(this.brokers.stable);
			this.subscriptions.online();
			application.counters.connects++;
			sender.open(link);
			application.online(this.sessionPresent);
			// Our own `online` has to come back, unless the broker has refused that filter.
			if (this.subscriptions.expects(status.topic) && (this.state as State) === Online) status.listen();
		}
	}
	/** Our own `online` has not come back: the subscriptions are made again. */
	deaf(): void {
		this.subscriptions.begin(true);
		this.subscribe();
		this.sender.announce();
		this.status.listen();
	}
	private bid(): void {
		const id = this.inflight.take();
		if (this.status.part(this.link as Link, this.farewell, id)) this.parting = id;
	}
	/** The farewell is acknowledged, or has had its time: DISCONNECT, and the broker closes [MQTT-3.14.4-1]. */
	private part(acknowledged = false): void {
		// Without it no DISCONNECT either: the will says `offline` then.
		const parted = this.parting > 0 && this.link?.disconnect();
		this.parting = parted && acknowledged ? LEFT : -1;
		if (parted) this.deadline.set(this.deadlines.close * 0.25);
		else this.finish();
	}
	private finish(): void {
		this.drop();
		this.enter(Closed);
		this.soon.set(0);
	}
	control(operation: number, message: ClientControl): void {
		const { sender, inbound } = this;
		const link = this.link as Link;
		const id = message.id ?? 0;
		if (operation === Packet.PUBACK || operation === Packet.PUBCOMP) {
			if (this.state === Closing && id === this.parting) this.part(true);
			else sender.acknowledged(id);
		} else if (operation === Packet.SUBACK) {
			if (this.state > Online || !this.subscriptions.awaits(id)) return;
			if (this.subscriptions.acknowledged(message.payload ?? [])) this.subscribe();
			else this.lost(Reason.malformed);
		} else if (operation === Packet.PUBREC) sender.received(link, id);
		else if (operation === Packet.PUBREL) inbound.released(link, id);
		else if (operation === Packet.PUBLISH) inbound.passed(link, message);
	}
	resume(): void {
		this.link?.resume();
	}
	takes(link: Link): boolean {
		return this.inbound.takes(link);
	}
	readable(count: number, message: ClientMessage): void {
		if (this.link) this.inbound.readable(this.link, count, message);
	}
	writable(): void {
		if (this.state <= Online) this.subscriptions.writable(this.link as Link);
		if (this.state === Closing && this.parting === 0) this.bid();
		else if (this.state === Online) this.sender.pump();
	}
}
