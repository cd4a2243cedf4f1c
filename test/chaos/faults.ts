/**
 * Which fault comes next, and how bad it is: drawn from the seed. A fault counts when it was felt; a few never are,
 * such as a cut after more bytes than the connection lives to see.
 */

import type { Cloud } from "./cloud.js";
import type { Direction, FaultProxy } from "./proxy.js";
import type { Chance } from "./random.js";

/** How often each is drawn. Deaths cost a second each, so they are rare among the rest. */
export const weights = Object.freeze({
	reset: 14,
	close: 9,
	"cut up": 20,
	"cut down": 19,
	"half-open": 5,
	blackhole: 2,
	delay: 9,
	throttle: 8,
	refuse: 3,
	"broker killed": 2,
	"broker paused": 2,
	"board killed": 2,
	"power cut": 3,
	"flash refuses": 3,
	"broker mute": 3,
	// Of AWS alone.
	"ended by AWS": 0,
	"taken over": 0,
	"throttled by AWS": 0,
	"direct message": 0,
});
/** At AWS: a service is neither killed nor stopped, but it may be away. */
export const awsWeights: Weights = Object.freeze({
	...weights,
	"broker paused": 0,
	"ended by AWS": 12,
	"taken over": 12,
	"throttled by AWS": 12,
	"direct message": 12,
});
export type Kind = keyof typeof weights;
export type Weights = { readonly [kind in Kind]: number };

/** These kinds and no others. */
export function only(some: Partial<Weights>): Weights {
	const none = Object.fromEntries(Object.keys(weights).map(kind => [kind, 0])) as Weights;
	return { ...none, ...some };
}

/** What faults are done to. Each calls back when it has been felt. */
export interface Target {
	readonly proxy: FaultProxy;
	killBroker(away: number, felt: () => void): void;
	pauseBroker(span: number, felt: () => void): void;
	killBoard(felt: () => void): void;
	/** At the `writes`-th write to flash from now, with `kept` bytes of it done. */
	cutPower(writes: number, kept: number, felt: () => void): void;
	/** Flash takes no writes for `span` milliseconds. */
	refuseFlash(span: number, felt: () => void): void;
	/** What only AWS does. */
	readonly cloud?: Cloud | undefined;
}

/** How bad it is. */
interface Draw {
	readonly direction: Direction;
	/** Milliseconds. */
	readonly span: number;
	/** 0 to 1500, small ones more often: bytes or milliseconds. */
	readonly size: number;
	/** 1 to 40. */
	readonly count: number;
	/** Of the bytes of a write. */
	readonly kept: number;
	/** What is called when it is felt, with what the log says of it. */
	readonly felt: (detail?: string) => () => void;
}

const acts: { readonly [kind in Kind]: (target: Target, draw: Draw) => void } = {
	reset: ({ proxy }, { felt }) => proxy.reset(felt()),
	close: ({ proxy }, { felt }) => proxy.finish(felt()),
	"cut up": ({ proxy }, { size, felt }) => proxy.cut("up", size, felt(`after ${size} bytes`)),
	"cut down": ({ proxy }, { size, felt }) => proxy.cut("down", size >> 3, felt(`after ${size >> 3} bytes`)),
	"half-open": ({ proxy }, { direction, felt }) =>
		proxy.halfOpen(direction, felt(`the end ${direction} believes in it`)),
	blackhole: ({ proxy }, { span, felt }) => proxy.blackhole(span, felt(`${span} ms`)),
	delay: ({ proxy }, { direction, size, span, felt }) =>
		proxy.delay(direction, size >> 3, span, felt(`${direction}, ${size >> 3} ms for ${span} ms`)),
	throttle: ({ proxy }, { direction, size, span, felt }) =>
		proxy.throttle(direction, 100 + size, span, felt(`${direction}, ${100 + size} bytes/s for ${span} ms`)),
	refuse: ({ proxy }, { span, felt }) => proxy.refuse(span, felt(`${span} ms`)),
	"broker killed": (target, { size, felt }) => target.killBroker(size, felt(`for ${size} ms`)),
	"broker paused": (target, { span, felt }) => target.pauseBroker(span, felt(`${span} ms`)),
	"board killed": (target, { felt }) => target.killBoard(felt()),
	"power cut": (target, { count, kept, felt }) =>
		target.cutPower(count, kept, felt(`at write ${count}, ${kept} bytes of it done`)),
	"flash refuses": (target, { span, felt }) => target.refuseFlash(3 * span, felt(`${3 * span} ms`)),
	"broker mute": ({ proxy }, { span, size, felt }) =>
		proxy.mute(span, size & 1 ? CONNACK : size >> 4, felt(`${span} ms`)),
	"ended by AWS": ({ cloud }, { felt }) => cloud?.endConnection() && felt()(),
	"taken over": ({ cloud }, { felt }) => cloud?.takeOver() && felt()(),
	"throttled by AWS": ({ cloud }, { size, felt }) => cloud?.throttle(size) && felt(`for ${size} ms`)(),
	"direct message": ({ cloud }, { felt }) => cloud?.directMessage() && felt()(),
};

/** Bytes of CONNACK: a connection is accepted, and not one subscription or message acknowledged. */
const CONNACK = 4;
/** More bytes than most writes to flash have: those are whole then. */
const RECORD = 250;

export class Faults {
	/** Felt so far. */
	total = 0;
	readonly kinds: Record<Kind, number>;
	readonly #chance: Chance;
	readonly #weights: Weights;
	readonly #target: Target;
	readonly #onFault: (kind: Kind, detail: string) => void;

	constructor(
		chance: Chance,
		weights: Weights,
		target: Target,
		onFault: (kind: Kind, detail: string) => void,
	) {
		this.#chance = chance;
		this.#weights = weights;
		this.#target = target;
		this.#onFault = onFault;
		this.kinds = { ...only({}) };
	}

	/** Milliseconds until the next: mostly soon, now and then long enough for a connection to get somewhere. */
	pause(): number {
		return this.#chance.next() < 0.03 ? this.#chance.whole(1000, 1500) : this.#chance.whole(5, 100);
	}
	/** Does the next. All is drawn each time, so that the row of numbers does not depend on what it is. */
	strike(): void {
		const chance = this.#chance;
		const kind = chance.pick(this.#weights);
		acts[kind](this.#target, {
			direction: chance.next() < 0.5 ? "up" : "down",
			span: chance.whole(50, 700),
			size: chance.small(1500),
			count: chance.whole(1, 40),
			// Before the write, in the middle of it, or behind it.
			kept: chance.next() < 0.25 ? 0 : chance.whole(1, RECORD),
			felt:
				(detail = "") =>
				() => {
					this.total++;
					this.kinds[kind]++;
					this.#onFault(kind, detail);
				},
		});
	}
}
