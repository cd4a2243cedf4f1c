/**
 * Analog input (ECMA-419 §10).
 */

import type { Analog, AnalogClass } from "../../modules/device/io.js";
import type { Case, Suite, Trial } from "./suite.js";

function item(title: string, run: (trial: Trial, Class: AnalogClass) => void): Case {
	return {
		title,
		run(trial) {
			const Class = trial.device.io.Analog;
			if (Class) run(trial, Class);
			else trial.skip("this host has no analog pins");
		},
	};
}
const pin = 4;
const open = (trial: Trial, Class: AnalogClass): Analog => trial.keep(new Class({ pin }));

const suite: Suite = {
	title: "Analog",
	cases: [
		item("reads integers from 0 to 2 ** resolution - 1 (§10)", (trial, Class) => {
			const input = open(trial, Class);
			const value = input.read();
			trial.ok(Number.isInteger(value) && value >= 0 && value < 2 ** input.resolution, `read ${value}`);
			trial.done();
		}),
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
		item("close may be repeated, and read then throws (§8)", (trial, Class) => {
			const input = open(trial, Class);
			input.close();
			input.close();
			trial.throws(() => input.read());
			trial.done();
		}),
	],
};

export default suite;
