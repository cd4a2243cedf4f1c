/**
 * Pulse-width modulation (ECMA-419 §10).
 */

import type { PWM, PWMClass } from "../../modules/device/io.js";
import type { Case, Suite, Trial } from "./suite.js";

function item(title: string, run: (trial: Trial, Class: PWMClass) => void): Case {
	return {
		title,
		run(trial) {
			const Class = trial.device.io.PWM;
			if (Class) run(trial, Class);
			else trial.skip("this host has no PWM");
		},
	};
}
const pin = 5;
const open = (trial: Trial, Class: PWMClass): PWM => trial.keep(new Class({ pin }));

const suite: Suite = {
	title: "PWM",
	cases: [
		item(
			"takes integers from 0 to 2 ** resolution - 1 and throws at any other value (§10)",
			(trial, Class) => {
				const pwm = open(trial, Class);
				const maximum = 2 ** pwm.resolution - 1;
				trial.ok(Number.isInteger(pwm.resolution) && pwm.resolution > 0, `resolution ${pwm.resolution}`);
				pwm.write(0);
				pwm.write(maximum);
				trial.throws(() => pwm.write(-1), "expected -1 to be refused");
				trial.throws(() => pwm.write(maximum + 1), `expected ${maximum + 1} to be refused`);
				trial.done();
			},
		),
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
		item("close may be repeated, and write then throws (§8)", (trial, Class) => {
			const pwm = open(trial, Class);
			pwm.close();
			pwm.close();
			trial.throws(() => pwm.write(0));
			trial.done();
		}),
	],
};

export default suite;
