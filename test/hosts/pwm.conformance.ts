/**
 * Pulse-width modulation (ECMA-419 §10).
 */

import { pins } from "./pin.js";
import type { Suite } from "./suite.js";

const { open, item, common } = pins(
	"this host has no PWM",
	5,
	trial => trial.device.io.PWM,
	pwm => pwm.write(0),
);

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
		...common,
	],
};

export default suite;
