/**
 * The states of a session, each with its deadline, and the one writer of them: from every state a try follows, so that a
 * broker that can be reached is reached. Subscribes and says farewell, since those are stages, and hands on to sender
 * and inbound what a connection brings. Monotonic timers only, never the wall clock.
 */

import { encode } from "../mqtt/text.js";
import { Brokers } from "./brokers.js";
import { Deadline, since } from "./deadline.js";
import type { Inbound } from "./inbound.js";
import type { InFlight } from "./inflight.js";
import { Link, type LinkOwner } from "./link.js";
import {
	type Broker,
	type ClientControl,
	type ClientMessage,
	type Deadlines,
	defaults,
	type SessionOptions,
	type Subscription,
} from "./options.js";
import { type Application, kindOf, nameOf, Packet, passes, Reason, Report } from "./outcomes.js";
import type { Sender } from "./sender.js";
import type { Status } from "./status.js";
import { Subscriptions } from "./subscriptions.js";

/** Every state and every legal way from one to another. Each state but Online and Closed has a deadline. */
export const State = Object.freeze({
	/** The host said that there is no network; a try is made at the deadline all the same. */
	Network: 0,
	/** Back-off between two tries. */
	Waiting: 1,
	/** Name, TCP, TLS, CONNECT: until CONNACK. */
	Connecting: 2,
	/** Until each SUBSCRIBE has its SUBACK. */
	Subscribing: 3,
	Online: 4,
	/** `offline` and DISCONNECT are on their way. */
	Closing: 5,
	Closed: 6,
});
export type State = (typeof State)[keyof typeof State];

const to = (...states: readonly State[]) => states.reduce((mask: number, state) => mask | (1 << state), 0);

const { Network, Waiting, Connecting, Subscribing, Online, Closing, Closed } = State;

const transitions: readonly number[] = Object.freeze([
	/* Network */ to(Waiting, Connecting, Closed),
	/* Waiting */ to(Waiting, Connecting, Network, Closed), // Waiting: a network that flaps moves the moment.
	/* Connecting */ to(Subscribing, Online, Waiting, Network, Closed), // Online: nothing to subscribe to.
	/* Subscribing */ to(Online, Waiting, Network, Closed),
	/* Online */ to(Waiting, Network, Closing, Closed), // Closed: the farewell did not fit in, the will speaks.
	/* Closing */ to(Closed),
	/* Closed */ 0,
]);

export function legal(from: State, next: State): boolean {
	return ((transitions[from] as number) & (1 << next)) !== 0;
}

/** What a supervisor drives. */
export interface Parts {
	readonly status: Status;
	readonly inflight: InFlight;
	readonly sender: Sender;
	readonly inbound: Inbound;
	readonly application: Application;
	/** The session is closed. */
	readonly closed: () => void;
}

export class Supervisor implements LinkOwner {
	private stage: State = State.Waiting;
	private readonly options: SessionOptions;
	private readonly parts: Parts;
	private readonly brokers: Brokers;
	private readonly subscriptions: Subscriptions;
	private readonly deadlines: Required<Deadlines>;
	/** The deadline of the state; in Online, the moment at which the connection counts as stable. */
	private readonly deadline: Deadline;
	private link: Link | undefined;
	private sessionPresent = false;
	/** Ticks at which the last try began; undefined before the first. */
	private tried: number | undefined;
	/** The host said that its network is gone. */
	private networkDown = false;
	/** A SUBSCRIBE that waits for room. */
	private items: readonly Subscription[] | undefined;
	/** Packet identifier of the SUBSCRIBE whose SUBACK is awaited. */
	private subscribing = 0;
	/** The last status. */
	private farewell = "";
	/** Its packet identifier: 0 before it was sent, -1 once DISCONNECT was. */
	private parting = 0;

	constructor(options: SessionOptions, parts: Parts) {
		this.options = options;
		this.parts = parts;
		this.deadlines = { ...defaults.deadlines, ...options.deadlines };
		this.brokers = new Brokers(options.brokers, options.backoff ?? {}, options.random ?? Math.random);
		this.subscriptions = new Subscriptions(parts.status.subscriptions, options.memory);
		this.deadline = new Deadline(options.timer, () => this.expired());
		this.deadline.set(0);
	}

	get state(): State {
		return this.stage;
	}
	get broker(): Broker {
		return this.brokers.broker;
	}
	/** The host's network came up: tries at once, but never twice within the back-off's minimum. */
	up(): void {
		this.networkDown = false;
		const { minimum } = this.brokers;
		const passed = this.tried === undefined ? minimum : since(this.options.ticks.ticks, this.tried);
		if (this.stage === State.Connecting && passed >= minimum) {
			// Begun when there was no network: it may wait for an answer that cannot come.
			this.drop();
			this.enter(State.Waiting);
		}
		if (this.stage > State.Waiting) return;
		this.brokers.restart();
		this.deadline.set(Math.max(0, minimum - passed));
	}
	/** The host's network is gone. `settle` acts on it, outside of the caller's call. */
	down(): void {
		this.networkDown = true;
	}
	/** Does what `down` asked for, if it still holds. */
	settle(): void {
		if (!this.networkDown) return;
		if (this.stage === State.Waiting) {
			this.enter(State.Network);
			this.deadline.set(this.deadlines.network);
		} else if (this.stage > State.Waiting && this.stage < State.Closing) this.lost(Reason.network, 0);
	}
	/** Ends in Closed, within the deadline; true when it is closed already. */
	close(farewell: string): boolean {
		if (this.stage === State.Online) {
			this.farewell = farewell;
			this.parts.sender.close(Reason.network);
			this.enter(State.Closing);
			// The rest of it is for the broker to take DISCONNECT and close.
			this.deadline.set(this.deadlines.close * 0.7);
			this.bid();
		} else if (this.stage < State.Closing) {
			this.drop();
			this.enter(State.Closed);
		}
		return this.stage === State.Closed;
	}
	/** Gives the timer back. */
	end(): void {
		this.deadline.close();
	}
	/** Ends the connection; a try follows after the back-off. Nothing happens when there is neither. */
	lost(reason: number, returnCode = 0, cause = ""): void {
		const before = this.stage;
		if (before === State.Closing) this.finish();
		if (before <= State.Waiting || before >= State.Closing) return;
		const { application, sender } = this.parts;
		const online = before === State.Online;
		const { host, port } = this.broker;
		this.drop();
		this.enter(this.networkDown ? State.Network : State.Waiting);
		const delay = online ? this.brokers.ended() : this.brokers.failed(returnCode);
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
	fault(error: unknown): void {
		this.parts.application.fault(error);
	}

	/** The one writer of the state. */
	private enter(state: State): void {
		if (!legal(this.stage, state)) throw new Error(`session: ${this.stage} to ${state} is no transition`);
		this.stage = state;
	}
	/** The deadline of the state has passed. */
	private expired(): void {
		switch (this.stage) {
			case State.Waiting:
				// Not even a first try, where it was said before.
				if (this.networkDown) this.settle();
				else this.try();
				break;
			case State.Network:
				this.try();
				break;
			case State.Connecting:
				this.lost(Reason.connect);
				break;
			case State.Subscribing:
				this.lost(Reason.subscribe);
				break;
			case State.Online:
				this.brokers.settled();
				break;
			case State.Closing:
				this.part();
		}
	}
	/** Lets go of the connection, in any state. */
	private drop(): void {
		this.deadline.clear();
		this.items = undefined;
		this.link?.close();
		this.link = undefined;
	}

	// Connecting and subscribing

	private try(): void {
		this.enter(State.Connecting);
		this.tried = this.options.ticks.ticks;
		const { id, keepAlive, clean = false, client } = this.options;
		const { host, port, user, password, client: overrides } = this.broker;
		const { io, ...shared } = client;
		const timeout = this.deadlines.connect;
		// The client's own deadline knows better what is missing; ours stands behind it.
		this.deadline.set(timeout + 500);
		const options = { ...shared, ...overrides, host, port, id, keepAlive, clean, timeout };
		const credentials = { ...(user !== undefined && { user }), ...(password !== undefined && { password }) };
		try {
			this.link = new Link(io, { ...options, ...credentials, will: this.parts.status.will }, this);
		} catch (error) {
			this.parts.application.report(Report.internal, `${error}`);
			this.lost(Reason.unknown);
		}
	}
	/** LinkOwner: CONNACK. */
	accepted(sessionPresent: boolean): void {
		if (this.stage !== State.Connecting) return;
		// Whatever the host said of it, there is a network.
		this.networkDown = false;
		// Another broker's session knows nothing of what is in flight.
		const same = this.brokers.accepted();
		this.parts.inbound.begin(sessionPresent && same);
		this.parts.sender.restore(sessionPresent && same);
		const { host, port } = this.broker;
		this.sessionPresent = sessionPresent;
		this.subscriptions.begin(`${host}:${port}`, sessionPresent);
		this.subscribe();
	}
	/** Sends the next SUBSCRIBE, or goes online when there is none. */
	private subscribe(): void {
		const items = this.subscriptions.next();
		if (items.length) {
			if (this.stage !== State.Subscribing) this.enter(State.Subscribing);
			this.deadline.set(this.deadlines.subscribe);
			this.items = items;
			this.subscribing = this.parts.inflight.take();
			this.ask();
		} else {
			const { sender, application } = this.parts;
			this.enter(State.Online);
			this.deadline.set(this.brokers.stable);
			application.counters.connects++;
			sender.open(this.link as Link);
			application.online(this.sessionPresent);
		}
	}
	private ask(): void {
		if (this.items && this.link?.subscribe(this.subscribing, this.items)) this.items = undefined;
	}
	private subscribed({ id, payload = [] }: ClientControl): void {
		if (this.stage !== State.Subscribing || id !== this.subscribing) return;
		const whole = this.subscriptions.acknowledged(payload, ({ topic }, refused) =>
			this.parts.application.report(refused ? Report.filterRefused : Report.filterLowered, topic),
		);
		if (whole) this.subscribe();
		else this.lost(Reason.malformed);
	}

	// Closing

	private bid(): void {
		const id = this.parts.inflight.take();
		const payload = encode(this.farewell);
		if (this.link?.send(this.parts.status.topic, payload, 1, true, false, id)) this.parting = id;
	}
	/** The farewell is acknowledged, or has had its time: DISCONNECT, and the broker closes [MQTT-3.14.4-1]. */
	private part(): void {
		// Without it no DISCONNECT either: the will says `offline` then.
		const parted = this.parting > 0 && this.link?.disconnect();
		this.parting = -1;
		if (parted) this.deadline.set(this.deadlines.close * 0.25);
		else this.finish();
	}
	private finish(): void {
		this.drop();
		this.enter(State.Closed);
		this.parts.closed();
	}

	// LinkOwner: what a connection brings

	control(operation: number, message: ClientControl): void {
		const { sender, inbound } = this.parts;
		const id = message.id ?? 0;
		if (operation === Packet.PUBACK || operation === Packet.PUBCOMP) {
			if (this.stage === State.Closing && id === this.parting) this.part();
			else sender.acknowledged(id);
		} else if (operation === Packet.SUBACK) this.subscribed(message);
		else if (operation === Packet.PUBREC) {
			sender.received(id);
			this.link?.reply(Packet.PUBREL, id); // [MQTT-4.3.3-1]
		} else if (operation === Packet.PUBREL) {
			inbound.released(id);
			this.link?.reply(Packet.PUBCOMP, id); // [MQTT-4.3.3-2]
		}
	}
	readable(count: number, message: ClientMessage): void {
		if (this.link) this.parts.inbound.readable(this.link, count, message);
	}
	writable(): void {
		if (this.stage === State.Subscribing) this.ask();
		else if (this.stage === State.Closing && this.parting === 0) this.bid();
		else if (this.stage === State.Online) this.parts.sender.pump();
	}
}
