/**
 * When the page draws: what changed is told in animation frames, a few changes in each, and each change at most ten times a
 * second, however much arrives. A signal that is marked grows by one when it is told; what reads it is drawn anew, and
 * nothing else; what nothing reads is not told at all. A component that reads any signal is drawn for those it reads, and not because its parent is: so each
 * that shows a board reads the board's `version` (view/seen.tsx). With more to tell than frames have room for, all is
 * told in turn, and less often.
 */

import { type Signal, signal } from "@preact/signals";

/** Milliseconds between two rounds. */
const EVERY = 100;
/** Changes told in one frame: each is a card, a row or a list. */
export const MOST = 8;

const watched = new Set<Signal<number>>();
const marked = new Set<Signal<number>>();
/** Of this round, and how many of them are told. */
let round: Signal<number>[] = [];
let told = 0;
let due = false;

/** Grows once a second, for ages. */
export const seconds = signal(0);
const ticking = new Map<Signal<number>, number>();

/** A signal to be marked. */
export function version(): Signal<number> {
	return signal(0, {
		watched() {
			watched.add(this);
		},
		unwatched() {
			watched.delete(this);
		},
	});
}

export function mark(changed: Signal<number>): void {
	if (!watched.has(changed)) return;
	marked.add(changed);
	if (due) return;
	due = true;
	setTimeout(begun, EVERY);
}

/** Marks it once a second, too, until what is returned is called. */
export function tick(signal: Signal<number>): () => void {
	ticking.set(signal, (ticking.get(signal) ?? 0) + 1);
	return () => {
		const left = (ticking.get(signal) ?? 0) - 1;
		if (left > 0) ticking.set(signal, left);
		else ticking.delete(signal);
	};
}

/** Begins to count seconds. */
export function begin(): void {
	setInterval(() => {
		seconds.value++;
		for (const signal of ticking.keys()) mark(signal);
	}, 1000);
}

function begun(): void {
	round = [...marked];
	told = 0;
	marked.clear();
	frame();
}

/** No frames come while the page cannot be seen: what is marked meanwhile is told once they do. */
function frame(): void {
	if (typeof requestAnimationFrame === "function") requestAnimationFrame(tell);
	else setTimeout(tell);
}

function tell(): void {
	for (const end = Math.min(told + MOST, round.length); told < end; told++)
		(round[told] as Signal<number>).value++;
	if (told < round.length) {
		frame();
		return;
	}
	due = false;
	if (marked.size === 0) return;
	due = true;
	setTimeout(begun, EVERY);
}
