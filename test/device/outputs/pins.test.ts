/** The lamp's two actuators on pins (ECMA-419 §10). */

import assert from "node:assert/strict";
import type { LampDescription } from "../../../modules/device/description/description.js";
import type { DigitalClass, PWMClass } from "../../../modules/device/io.js";
import { lampDriver } from "../../../modules/device/outputs/pins.js";

const lamp: LampDescription = {
	pin: "led",
	dimmable: true,
	activeLow: false,
	powerOn: "last",
	liveOnly: false,
};

/** What happened on the pins. */
function bench(pwm = true) {
	const log: unknown[] = [];
	class Digital {
		static readonly Output = "output";
		constructor({ pin, mode, activeLow, initialValue }: Record<string, unknown>) {
			log.push({ pin, mode, activeLow, initialValue });
		}
		write(value: number) {
			log.push(value);
		}
		close() {
			log.push("closed");
		}
	}
	class PWM {
		readonly resolution = 10;
		constructor({ pin }: { pin: unknown }) {
			log.push({ pin });
		}
		write(value: number) {
			log.push(value);
		}
		close() {
			log.push("closed");
		}
	}
	const io = { Digital: Digital as unknown as DigitalClass, ...(pwm && { PWM: PWM as PWMClass }) };
	const make = (description: object, initialValue: number) => {
		const driver = lampDriver({ io, pin: { led: 2 } }, { ...lamp, ...description });
		return new driver.io({ ...driver.defaults, initialValue });
	};
	return { log, make };
}

describe("lamp on a pin", () => {
	it("dims by the duty of a PWM output, over its whole range, and starts dark", () => {
		const { log, make } = bench();
		const output = make({}, 0);
		for (const level of [255, 128, 1, 0]) output.write(level);
		output.close();
		assert.deepEqual(log, [{ pin: 2 }, 1023, 514, 4, 0, "closed"]);
	});

	it("comes up at its initial level", () => {
		const { log, make } = bench();
		make({}, 255);
		assert.deepEqual(log, [{ pin: 2 }, 1023]);
	});

	it("that is lit by a low level has its duty the other way round, from the start", () => {
		const { log, make } = bench();
		make({ activeLow: true }, 0).write(255);
		assert.deepEqual(log, [{ pin: 2 }, 1023, 0]);
	});

	it("that cannot be dimmed is a Digital output with an initial value, so that it never flickers", () => {
		const { log, make } = bench();
		const output = make({ dimmable: false, activeLow: true, pin: 7 }, 255);
		output.write(0);
		output.write(200);
		assert.deepEqual(log, [{ pin: 7, mode: "output", activeLow: true, initialValue: 1 }, 0, 1]);
	});

	it("is on or off where the host has no PWM", () => {
		const { log, make } = bench(false);
		make({}, 0).write(128);
		assert.deepEqual(log, [{ pin: 2, mode: "output", activeLow: false, initialValue: 0 }, 1]);
	});
});
