/** What can be seen is drawn, and nothing else: whether an element is in view, told to all that is drawn in it. */

import { type Signal, signal, useSignal } from "@preact/signals";
import { createContext } from "preact";
import { useContext, useEffect, useRef } from "preact/hooks";
import { tick } from "../model/beat.js";

/** What is in no card is always seen. */
export const Seen = createContext<Signal<boolean>>(signal(true));

const places = new WeakMap<Element, Signal<boolean>>();
let observer: IntersectionObserver | undefined;

/** Whether the element can be seen, for `Seen`, and the place to hang it on. */
export function useSeen() {
	const seen = useSignal(false);
	const place = useRef<HTMLElement>(null);
	useEffect(() => {
		observer ??= new IntersectionObserver(entries => {
			for (const { target, isIntersecting } of entries) {
				const told = places.get(target);
				if (told) told.value = isIntersecting;
			}
		});
		const target = place.current;
		if (!target) return;
		places.set(target, seen);
		observer.observe(target);
		return () => observer?.unobserve(target);
	}, [seen]);
	return { seen, place };
}

interface Changing {
	readonly version: Signal<number>;
}

/** Draws the component anew when `changing` has changed, as long as it is seen. Returns the version. */
export function useChanges({ version }: Changing): number {
	return useContext(Seen).value ? version.value : version.peek();
}

/** Draws it once a second, too, for the ages in it. */
export function useSeconds({ version }: Changing, seen: boolean): void {
	useEffect(() => (seen ? tick(version) : undefined), [version, seen]);
}
