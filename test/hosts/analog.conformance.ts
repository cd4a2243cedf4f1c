/**
 * Analog input (ECMA-419 §10).
 */

import { pins } from "./pin.js";
import type { Suite } from "./suite.js";

const { open, item, common } = pins(
	"this host has no analog pins",
	4,
	trial => trial.device.io.Analog,
	input => input.read(),
);

const suite: Suite = {
	title: "Analog",
	cases: [
		item("reads integers from 0 to 2 ** resolution - 1 (§10)", (trial, Class) => {
			const input = open(trial, Class);
			const value = input.read();
			trial.ok(Number.isInteger(value) && value >= 0 && value < 2 ** input.resolution, `read ${value}`);
			trial.done();
		}),
		...common,
	],
};

export default suite;
