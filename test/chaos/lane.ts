/**
 * One direction of one connection through the fault proxy: holds bytes back, slows them down, swallows them, or says
 * when as many have passed as were allowed. Order is kept, as TCP keeps it. Does not know MQTT, nor the other lane.
 */

/** What holds for all lanes of one direction at the moment. */
export interface Weather {
	/** Milliseconds that each byte takes longer. */
	latency: number;
	/** Bytes a second. */
	rate: number;
	/** Called when it was felt. */
	onFelt: (() => void) | undefined;
}

export function fair(): Weather {
	return { latency: 0, rate: Number.POSITIVE_INFINITY, onFelt: undefined };
}

interface Parcel {
	readonly bytes: Uint8Array;
	readonly due: number;
}

/** Milliseconds between two slices of a throttled lane. */
const TICK = 20;

export class Lane {
	readonly #weather: Weather;
	readonly #deliver: (bytes: Uint8Array) => void;
	readonly #onCut: () => void;
	#queue: Parcel[] = [];
	#timer: NodeJS.Timeout | undefined;
	/** Bytes that may still pass. */
	#left = Number.POSITIVE_INFINITY;
	#silent = false;
	/** When no more bytes may pass, the rest disappears and the connection stands. */
	#muted = false;
	#ending: (() => void) | undefined;

	/** `deliver` gets what arrives; `onCut` is called when `cut`'s last byte has been delivered. */
	constructor(weather: Weather, deliver: (bytes: Uint8Array) => void, onCut: () => void) {
		this.#weather = weather;
		this.#deliver = deliver;
		this.#onCut = onCut;
	}
	push(bytes: Uint8Array): void {
		if (this.#silent) return;
		const { latency } = this.#weather;
		if (latency) this.#felt();
		this.#queue.push({ bytes, due: performance.now() + latency });
		if (!this.#timer) this.#pump();
	}
	/** From now on everything disappears. */
	silence(): void {
		this.#silent = true;
		this.#queue = [];
	}
	/** After so many more bytes the connection is cut. */
	cut(after: number): void {
		this.#left = after;
		if (after === 0) this.#onCut();
	}
	/** After so many more bytes everything disappears. */
	mute(after: number): void {
		this.#muted = true;
		this.#left = after;
		if (after === 0) this.silence();
	}
	/** Calls back when what was pushed has arrived. Nothing follows an end. */
	end(callback: () => void): void {
		this.#ending = callback;
		if (!this.#timer) this.#pump();
	}
	close(): void {
		clearTimeout(this.#timer);
		this.silence();
		this.#ending = undefined;
	}

	#pump(): void {
		this.#timer = undefined;
		for (;;) {
			const first = this.#queue[0];
			if (!first) break;
			const wait = first.due - performance.now();
			if (wait > 0) {
				this.#again(wait);
				return;
			}
			const { rate } = this.#weather;
			const slice = Math.max(1, Math.floor((rate * TICK) / 1000));
			const count = Math.min(first.bytes.byteLength, slice, this.#left);
			const rest = first.bytes.subarray(count);
			if (rest.byteLength) this.#queue[0] = { bytes: rest, due: first.due };
			else this.#queue.shift();
			this.#left -= count;
			if (count) this.#deliver(first.bytes.subarray(0, count));
			if (this.#left === 0) {
				this.silence();
				if (!this.#muted) this.#onCut();
				return;
			}
			if (rate < Number.POSITIVE_INFINITY) {
				this.#felt();
				this.#again(TICK);
				return;
			}
		}
		const ending = this.#silent ? undefined : this.#ending;
		this.#ending = undefined;
		ending?.();
	}
	#again(delay: number): void {
		this.#timer = setTimeout(() => this.#pump(), delay);
	}
	#felt(): void {
		const { onFelt } = this.#weather;
		this.#weather.onFelt = undefined;
		onFelt?.();
	}
}
