/**
 * What the broker keeps for one client id: subscriptions, messages that wait, messages in flight; and how it delivers them. AWS
 * delivers at least once, in no order that it promises, and sends again under any identifier.
 * https://docs.aws.amazon.com/iot/latest/developerguide/mqtt.html#mqtt-persistent-sessions and #mqtt-differences
 */

import type { AwsClock } from "./clock.js";
import { matches } from "./filter.js";
import { limits } from "./limits.js";
import type { Dice, Whims } from "./whims.js";

export interface Message {
	readonly topic: string;
	readonly payload: Buffer;
	readonly qos: 0 | 1;
	readonly retain: boolean;
	/** MQTT 5: what is handed on to subscribers that speak it. */
	readonly properties?: object | undefined;
}

export interface Sent extends Message {
	readonly dup: boolean;
	readonly messageId?: number;
}

/** What a session needs of its connection. */
export interface Line {
	/** How many the client takes at a time. */
	readonly receiveMaximum: number;
	/** iot:Receive, asked for each delivery. */
	mayReceive(topic: string): boolean;
	send(message: Sent): void;
}

interface Flight {
	readonly message: Message;
	/** When it was first sent, and last. */
	readonly since: number;
	last: number;
}

interface Subscription {
	readonly qos: 0 | 1;
	/** Messages before that are not for it: a SUBACK may be early. */
	readonly from: number;
}

/** Milliseconds until a QoS 1 message is sent again on the same connection. AWS names no number. */
const again = 20_000;

export class Session {
	readonly id: string;
	/** Milliseconds that it outlives its connection. */
	expiry = 0;
	readonly filters = new Map<string, Subscription>();
	readonly #clock: AwsClock;
	readonly #dice: Dice;
	readonly #whims: Whims;
	readonly #stored: Message[] = [];
	readonly #inFlight = new Map<number, Flight>();
	#line: Line | undefined;
	#identifier = 0;
	/** Calls off the timers of this connection. */
	#stops: (() => void)[] = [];

	constructor(id: string, clock: AwsClock, dice: Dice, whims: Whims) {
		this.id = id;
		this.#clock = clock;
		this.#dice = dice;
		this.#whims = whims;
	}

	get stored(): number {
		return this.#stored.length;
	}
	get inFlight(): number {
		return this.#inFlight.size;
	}
	get online(): boolean {
		return this.#line !== undefined;
	}

	subscribe(filter: string, qos: 0 | 1): void {
		// A subscription that stands loses nothing by being made again.
		const from =
			this.filters.get(filter)?.from ?? this.#clock.now() + this.#dice.between(0, this.#whims.subscribing);
		this.filters.set(filter, { qos, from });
	}

	/** A message that went through the broker. One copy, however many of the filters match. */
	offer(message: Message): void {
		let qos: 0 | 1 | undefined;
		for (const [filter, subscription] of this.filters)
			if (subscription.from <= this.#clock.now() && matches(filter, message.topic))
				qos = (qos || subscription.qos) as 0 | 1;
		if (qos === undefined) return;
		this.deliver({ ...message, retain: false, qos: Math.min(qos, message.qos) as 0 | 1 });
	}

	/** A message for this client, subscribed or not. */
	deliver(message: Message): void {
		const { repeat, reorder, delay } = this.#whims;
		if (this.#line && this.#dice.chance(repeat)) this.#later(delay, () => this.#pass(message, this.#mark()));
		if (this.#line && this.#dice.chance(reorder)) this.#later(delay, () => this.#pass(message, false));
		else this.#pass(message, false);
	}

	/** A connection takes the session up: what was in flight comes again, then what is stored, ten a second. */
	attach(line: Line): void {
		this.detach();
		this.#line = line;
		const flights = [...this.#inFlight];
		for (const [identifier, flight] of flights) this.#resend(identifier, flight);
		this.#drain();
		this.#retry();
	}

	detach(): void {
		this.#line = undefined;
		for (const stop of this.#stops.splice(0)) stop();
	}

	acknowledged(identifier: number): void {
		this.#inFlight.delete(identifier);
	}

	#pass(message: Message, dup: boolean): void {
		const line = this.#line;
		if (!line) {
			// QoS 0 is for those who are there.
			if (message.qos) this.#stored.push(message);
			return;
		}
		if (!line.mayReceive(message.topic)) return;
		if (!message.qos) line.send({ ...message, dup: false });
		else if (this.#inFlight.size >= line.receiveMaximum) this.#stored.push(message);
		else this.#send(this.#next(), message, dup);
	}

	#send(messageId: number, message: Message, dup: boolean): void {
		const now = this.#clock.now();
		this.#inFlight.set(messageId, { message, since: now, last: now });
		this.#line?.send({ ...message, dup, messageId });
	}

	/** Under another identifier at times, and then without DUP at times. */
	#resend(identifier: number, flight: Flight): void {
		const now = this.#clock.now();
		if (now - flight.since >= limits.retry) {
			this.#inFlight.delete(identifier);
			return;
		}
		if (!this.#line?.mayReceive(flight.message.topic)) return;
		let messageId = identifier;
		let dup = true;
		if (this.#dice.chance(this.#whims.renumber)) {
			messageId = this.#next();
			this.#inFlight.delete(identifier);
			dup = this.#mark();
		}
		this.#inFlight.set(messageId, { ...flight, last: now });
		this.#line.send({ ...flight.message, dup, messageId });
	}

	#mark(): boolean {
		return !this.#dice.chance(this.#whims.unmarked);
	}

	#retry(): void {
		this.#after(again, () => {
			const now = this.#clock.now();
			for (const [identifier, flight] of [...this.#inFlight])
				if (now - flight.last >= again) this.#resend(identifier, flight);
			this.#retry();
		});
	}

	#drain(): void {
		const most = Math.min(limits.stored, (this.#line?.receiveMaximum ?? 0) - this.#inFlight.size);
		for (const message of this.#stored.splice(0, Math.max(most, 0))) this.#pass(message, false);
		this.#after(1000, () => this.#drain());
	}

	#later(delay: number, what: () => void): void {
		// Not called off with the connection: a message must not be lost for being late.
		this.#clock.after(this.#dice.between(1, delay), what);
	}

	#after(delay: number, what: () => void): void {
		const stop = this.#clock.after(delay, () => {
			this.#stops = this.#stops.filter(other => other !== stop);
			what();
		});
		this.#stops.push(stop);
	}

	#next(): number {
		do this.#identifier = (this.#identifier % 65535) + 1;
		while (this.#inFlight.has(this.#identifier));
		return this.#identifier;
	}
}
