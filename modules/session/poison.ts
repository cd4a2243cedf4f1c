/**
 * Which message makes the peer hang up (field-notes §2, line 8). What counts is evidence against the message alone:
 * twice in a row the peer hung up soon after its bytes; then it is left out of a connection, on which another is
 * acknowledged and which stands; then it goes alone, and the peer hangs up a third time. Silence is no evidence,
 * and whatever fits a bad network as well acquits. Holds no messages, sends none.
 */

import type { Timer } from "../mqtt/io.js";
import { Deadline } from "./deadline.js";

const enough = 3;
/** Trials beyond that, where connections end by themselves. More would let one message block all others for hours there. */
const most = 2;
/** Milliseconds that a connection has to stand without the suspect. */
export const proof = 10_000;
/** Milliseconds after its bytes in which a peer that minds them has hung up. Shorter than `proof`, or a peer that hangs up by the clock would convict. */
export const soon = 5000;
/** Milliseconds in which a suspect has to get its turn, whatever waits before it. */
const turn = 60_000;

const Phase = Object.freeze({
	/** Everything may be sent. */
	ordinary: 0,
	/** The suspect is left out. */
	probe: 1,
	/** The suspect goes, with nothing else in flight. */
	trial: 2,
});
type Phase = (typeof Phase)[keyof typeof Phase];

export class Suspicion {
	/** The message, as its place in flight (flight.ts); 0 is nobody. */
	private accused = 0;
	private strikes = 0;
	/** So many trials have to show more than one would: a probe has ended by itself, so connections do that here. */
	private doubt = 0;
	private phase: Phase = Phase.ordinary;
	/** On this connection a message was acknowledged, and the suspect was not on it. */
	private proof = false;
	private readonly alarm: Deadline;
	private readonly changed: () => void;

	/** `changed`: other messages may be sent than before. */
	constructor(timer: Timer, changed: () => void) {
		this.alarm = new Deadline(timer, () => this.expired());
		this.changed = changed;
	}
	get suspect(): number {
		return this.accused;
	}
	get probing(): boolean {
		return this.phase === Phase.probe;
	}
	get trying(): boolean {
		return this.phase === Phase.trial;
	}
	/** No message is on trial, and this connection has shown that others arrive. */
	get proved(): boolean {
		return this.phase === Phase.ordinary && this.proof;
	}
	/** A connection stands. */
	open(): void {
		this.proof = false;
		if (this.strikes < enough - 1) return;
		this.phase = Phase.probe;
		this.alarm.set(proof);
	}
	/** A message that was convicted before gets another chance, on a connection that is `proved`. */
	recall(place: number): void {
		this.accused = place;
		this.strikes = enough - 1;
		this.phase = Phase.trial;
		this.alarm.set(turn);
	}
	/** Its bytes are out. */
	sent(place: number): void {
		if (this.phase === Phase.trial && place === this.accused) this.alarm.set(soon);
	}
	/** The peer has taken a message. */
	acknowledged(place: number): void {
		if (place !== this.accused) this.proof = true;
		else {
			this.clear();
			this.doubt = 0;
		}
	}
	/**
	 * The connection has ended. `place`: the message whose bytes the peer answered so; 0 when it was the network's doing.
	 * `alone`: nothing else could have been meant. `certain`: no peer was involved. True when that convicts it.
	 */
	ended(place: number, alone: boolean, certain: boolean): boolean {
		const phase = this.phase;
		const same = place !== 0 && place === this.accused;
		const strikes = this.strikes;
		this.clear();
		if (phase === Phase.probe && !(place && alone)) this.doubt = most;
		// A trial without proof shows nothing: perhaps nobody gets through.
		if (place === 0 || (same && phase === Phase.trial && !this.proof && !certain)) return false;
		this.accused = place;
		if (same && strikes + 1 >= enough) {
			const convicted = certain || this.doubt === 0;
			if (convicted) this.clear();
			else this.strikes = strikes;
			this.doubt -= convicted ? this.doubt : 1;
			return convicted;
		}
		// What was alone on a probe and ended it does not need to be found out again.
		this.strikes = same ? strikes + 1 : phase === Phase.probe && alone ? enough - 1 : 1;
		return false;
	}
	clear(): void {
		this.accused = this.strikes = 0;
		this.phase = Phase.ordinary;
		this.alarm.clear();
	}
	/** Gives the timer back. */
	end(): void {
		this.alarm.close();
	}

	private expired(): void {
		if (this.phase === Phase.probe) {
			this.phase = Phase.trial;
			this.alarm.set(turn);
		} else this.clear(); // The peer says nothing and stays: that is no evidence.
		this.changed();
	}
}
