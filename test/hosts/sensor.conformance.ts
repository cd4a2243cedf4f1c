/**
 * The Sensor Class Pattern (ECMA-419 §13) of every driver a host offers that can be made without options of its own.
 * Which drivers those are differs from machine to machine, so each case goes through all of them.
 */

import type { Sensor, SensorDriver } from "../../modules/device/io.js";
import type { Case, Suite, Trial } from "./suite.js";

function each(
	title: string,
	run: (trial: Trial, sensor: Sensor, driver: SensorDriver, name: string) => void,
): Case {
	return {
		title,
		run(trial) {
			let count = 0;
			for (const [name, driver] of Object.entries(trial.device.sensor)) {
				if (Object.values(driver.options ?? {}).some(option => option.required)) continue;
				run(trial, trial.keep(new driver.io(Object.freeze({ ...driver.defaults }))), driver, name);
				count++;
			}
			if (count === 0) trial.skip("this host has no sensor that needs no options");
			else trial.done();
		},
	};
}

const suite: Suite = {
	title: "sensors",
	cases: [
		each(
			"a sample carries the driver's quantity as a finite number (§13)",
			(trial, sensor, { quantity }, name) => {
				const value = sensor.sample()?.[quantity];
				trial.ok(Number.isFinite(value), `${name}: ${quantity} is ${value}`);
			},
		),
		each(
			"each sample is another object, which the caller may change (§13)",
			(trial, sensor, { quantity }, name) => {
				const first = sensor.sample() as { [quantity: string]: unknown };
				trial.ok(first !== sensor.sample(), `${name}: the same object twice`);
				first[quantity] = "changed";
				trial.ok(sensor.sample()?.[quantity] !== "changed", `${name}: a sample is shared`);
			},
		),
		each("close may be repeated, and sample then throws (§8)", (trial, sensor, _driver, name) => {
			sensor.close();
			sensor.close();
			trial.throws(() => sensor.sample(), `${name}: expected sample to throw after close`);
		}),
		each("the constructor throws without options (§8)", (trial, _sensor, { io }, name) => {
			trial.throws(() => new io(undefined as unknown as object), `${name}: expected an exception`);
		}),
		{
			title: "the host offers the sensors that need no hardware: wave and replay",
			run(trial) {
				trial.ok(trial.device.sensor.wave, "no wave");
				trial.ok(trial.device.sensor.replay, "no replay");
				trial.done();
			},
		},
	],
};

export default suite;
