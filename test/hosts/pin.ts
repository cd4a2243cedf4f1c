/** What every class of a pin promises (ECMA-419 §8, §9), as cases of its suite, on hosts that have the class. */

import type { Case, Trial } from "./suite.js";

type PinClass<T> = new (options: { pin: number }) => T;

/**
 * @param find The class that a host has, if any
 * @param use Does what is refused once the pin is closed
 */
export function pins<T extends { close(): void }>(
	missing: string,
	pin: number,
	find: (trial: Trial) => PinClass<T> | undefined,
	use: (instance: T) => void,
) {
	const open = (trial: Trial, Class: PinClass<T>): T => trial.keep(new Class({ pin }));
	const item = (title: string, run: (trial: Trial, Class: PinClass<T>) => void): Case => ({
		title,
		run(trial) {
			const Class = find(trial);
			if (Class) run(trial, Class);
			else trial.skip(missing);
		},
	});
	const common = [
		item("the constructor throws without a pin, and without options (§8)", (trial, Class) => {
			trial.throws(() => new Class({} as { pin: number }));
			trial.throws(() => new Class(undefined as unknown as { pin: number }));
			trial.done();
		}),
		item("a pin in use cannot be taken again until it is closed (§9)", (trial, Class) => {
			const first = open(trial, Class);
			trial.throws(() => new Class({ pin }));
			first.close();
			open(trial, Class);
			trial.done();
		}),
		item("close may be repeated, and every other method then throws (§8)", (trial, Class) => {
			const instance = open(trial, Class);
			instance.close();
			instance.close();
			trial.throws(() => use(instance));
			trial.done();
		}),
	];
	return { open, item, common };
}
