/**
 * When the page draws: what changed since is told at most ten times a second, however much arrives. A signal that is
 * marked grows by one at the next beat; what reads it is drawn anew, and nothing else. A component that reads any signal
 * is drawn for those it reads, and not because its parent is: so each that shows a board reads the board's `version`.
 */

import { type Signal, signal } from "@preact/signals";

const EVERY = 100;

const marked = new Set<Signal<number>>();
let due = false;

/** Grows once a second, for ages. */
export const seconds = signal(0);

export function mark(changed: Signal<number>): void {
	marked.add(changed);
	if (due) return;
	due = true;
	setTimeout(() => {
		due = false;
		const all = [...marked];
		marked.clear();
		for (const one of all) one.value++;
	}, EVERY);
}

/** Begins to count seconds. */
export function begin(): void {
	setInterval(() => seconds.value++, 1000);
}
