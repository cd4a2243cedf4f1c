/**
 * Digital (ECMA-419 §10). Cases with edges need two pins wired together (`world.loop`).
 */

import type { Digital, DigitalClass, DigitalOptions } from "../../modules/device/io.js";
import type { Suite, Trial } from "./suite.js";

function Class(trial: Trial): DigitalClass {
	return trial.device.io.Digital;
}
function open(trial: Trial, options: DigitalOptions): Digital {
	return trial.keep(new (Class(trial))(options));
}
function led(trial: Trial) {
	return trial.device.pin.led ?? 2;
}

/** A case that writes on one pin and looks at another. */
function wired(title: string, run: (trial: Trial, output: number, input: number) => void) {
	return {
		title,
		run(trial: Trial) {
			const { loop } = trial.world;
			if (loop) run(trial, loop.output, loop.input);
			else trial.skip("no two pins are wired together");
		},
	};
}

/** Counts calls of `onReadable` for the edges a level makes on its way 0 → 1 → 0. */
function edges(title: string, edge: "Rising" | "Falling" | "both", expected: string) {
	return wired(title, (trial, outputPin, inputPin) => {
		const Digital = Class(trial);
		const output = open(trial, { pin: outputPin, mode: Digital.Output, initialValue: 0 });
		const calls: string[] = [];
		const input = open(trial, {
			pin: inputPin,
			mode: Digital.Input,
			edge: edge === "both" ? Digital.Rising + Digital.Falling : Digital[edge],
			onReadable: trial.on(function (this: Digital) {
				trial.ok(this === input, "`this` is not the instance");
				calls.push(String(this.read()));
			}),
		});
		output.write(1);
		trial.equal(calls.length, 0, "calls inside write");
		trial.later(() => {
			output.write(1);
			trial.later(() => {
				output.write(0);
				trial.later(() => {
					trial.equal(calls.join(), expected);
					trial.done();
				});
			});
		});
	});
}

const bad: readonly (readonly [what: string, more: (Digital: DigitalClass) => object])[] = [
	["no pin", ({ Output }) => ({ mode: Output })],
	["no mode", () => ({ pin: 21 })],
	["an unknown mode", () => ({ pin: 21, mode: {} })],
	["onReadable without an edge", ({ Input }) => ({ pin: 21, mode: Input, onReadable() {} })],
	[
		"onReadable that is no function",
		({ Input, Rising }) => ({ pin: 21, mode: Input, edge: Rising, onReadable: 1 }),
	],
];

const suite: Suite = {
	title: "Digital",
	cases: [
		...bad.map(([what, more]) => ({
			title: `the constructor throws given ${what}, and takes no pin (§8)`,
			run(trial: Trial) {
				const Digital = Class(trial);
				trial.throws(() => new Digital(more(Digital) as DigitalOptions));
				open(trial, { pin: 21, mode: Digital.Output });
				trial.done();
			},
		})),
		{
			title: "the constructor throws without options (§8)",
			run(trial) {
				trial.throws(() => new (Class(trial))(undefined as unknown as DigitalOptions));
				trial.done();
			},
		},
		{
			title: "an output takes 0 and 1 and does not read; an input reads and does not write (§10)",
			run(trial) {
				const Digital = Class(trial);
				const output = open(trial, Object.freeze({ pin: led(trial), mode: Digital.Output }));
				output.write(1);
				output.write(0);
				trial.throws(() => output.read(), "expected read of an output to throw");
				const input = open(trial, { pin: trial.device.pin.button ?? 0, mode: Digital.InputPullUp });
				trial.ok([0, 1].includes(input.read()), "expected 0 or 1");
				trial.throws(() => input.write(1), "expected write of an input to throw");
				trial.done();
			},
		},
		{
			title: "a pin in use cannot be taken again until it is closed (§9)",
			run(trial) {
				const Digital = Class(trial);
				const options = { pin: led(trial), mode: Digital.Output };
				const first = open(trial, options);
				trial.throws(() => new Digital(options));
				first.close();
				open(trial, options);
				trial.done();
			},
		},
		{
			title: "close may be repeated, and every other method then throws (§8)",
			run(trial) {
				const Digital = Class(trial);
				const output = open(trial, { pin: led(trial), mode: Digital.Output });
				output.close();
				output.close();
				trial.throws(() => output.write(1));
				const input = open(trial, { pin: 21, mode: Digital.Input });
				input.close();
				trial.throws(() => input.read());
				trial.done();
			},
		},
		wired("what is written is what the pin carries (§10)", (trial, outputPin, inputPin) => {
			const Digital = Class(trial);
			const input = open(trial, { pin: inputPin, mode: Digital.Input });
			const output = open(trial, { pin: outputPin, mode: Digital.Output, initialValue: 1 });
			trial.equal(input.read(), 1, "after initialValue 1");
			output.write(0);
			trial.equal(input.read(), 0, "after write(0)");
			output.write(1);
			trial.equal(input.read(), 1, "after write(1)");
			trial.done();
		}),
		wired(
			"activeLow turns the level round, of an output and of an input (§10)",
			(trial, outputPin, inputPin) => {
				const Digital = Class(trial);
				const output = open(trial, {
					pin: outputPin,
					mode: Digital.Output,
					activeLow: true,
					initialValue: 0,
				});
				const input = open(trial, { pin: inputPin, mode: Digital.Input });
				trial.equal(input.read(), 1, "level of a logical 0");
				output.write(1);
				trial.equal(input.read(), 0, "level of a logical 1");
				input.close();
				trial.equal(
					open(trial, { pin: inputPin, mode: Digital.Input, activeLow: true }).read(),
					1,
					"read back",
				);
				trial.done();
			},
		),
		edges("onReadable comes for rising edges only, if these were asked for (§10)", "Rising", "1"),
		edges("onReadable comes for falling edges only, if these were asked for (§10)", "Falling", "0"),
		edges("onReadable comes for both edges, and not for a write that changes nothing (§10)", "both", "1,0"),
		wired("nothing is called back after close (§8)", (trial, outputPin, inputPin) => {
			const Digital = Class(trial);
			const output = open(trial, { pin: outputPin, mode: Digital.Output, initialValue: 0 });
			const input = open(trial, {
				pin: inputPin,
				mode: Digital.Input,
				edge: Digital.Rising,
				onReadable: trial.on(() => {
					throw new Error("called after close");
				}),
			});
			output.write(1);
			input.close();
			trial.later(() => trial.done());
		}),
	],
};

export default suite;
