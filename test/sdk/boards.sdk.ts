/**
 * What is said of the SDK that is here: its version, beside the one that all was tried with; that it has all that sdk.json names; and the
 * pins of FLASHING.md's boards, against the SDK's own providers.
 */

import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { missing, root } from "./sdk.js";

const TRIED = "8.2.3";
const reason = missing();
const sdk = process.env.MODDABLE ?? "";

interface Pins {
	readonly led: string;
	readonly button: string;
	readonly bus: string;
}

/** As the SDK's files of a target have it; the module in them is not evaluated. */
function known(target: string): Pins {
	const folder = join(sdk, "build/devices/esp32/targets", target);
	const provider = readFileSync(join(folder, "host/provider.js"), "utf8");
	const { config = {} } = JSON.parse(readFileSync(join(folder, "manifest.json"), "utf8"));
	const pins = /\n\tpin: \{([^}]*)\}/.exec(provider)?.[1] ?? "";
	const [, led] = /\bled: (\d+)/.exec(pins) ?? [];
	const [, button = "none known"] = /\bbutton: (\d+)/.exec(pins) ?? [];
	const [, data, clock] = /\n\tI2C: \{[^}]*data: (\d+),\s*clock: (\d+)/.exec(provider) ?? [];
	const pixel = config.led?.pin;
	return {
		led: pixel !== undefined && `${pixel}` !== led ? `NeoPixel on ${pixel}` : `pin ${led}`,
		button,
		bus: `${data}, ${clock}`,
	};
}

describe("Moddable's SDK here", () => {
	before(function () {
		if (!reason) return;
		console.log(`      ${reason}`);
		this.skip();
	});

	it(`is ${TRIED}, with which all of this was tried, or says that it is another`, () => {
		const version = readFileSync(join(sdk, "tools/VERSION"), "utf8").trim();
		if (version !== TRIED) console.log(`      SDK ${version}: not tried, all is written against ${TRIED}`);
		assert.match(version, /^(8\.[2-9]|9\.|\d\d\.)/, "8.2 or newer");
	});
	const { build } = JSON.parse(readFileSync(join(root, "hosts/moddable/sdk.json"), "utf8"));
	for (const [name, path] of Object.entries(build as { [name: string]: string }))
		it(`has ${path} (${name})`, () => {
			const found = path.replace("$(MODDABLE)", sdk);
			// Of modules the manifest names no ending.
			assert.ok(
				existsSync(found),
				`${found}: not there; this SDK may have moved it: see hosts/moddable/sdk.json`,
			);
		});

	const text = readFileSync(join(root, "hosts/esp32/FLASHING.md"), "utf8");
	const rows = [...text.matchAll(/^\| .* \| `esp32\/(\w+)`.* \| (.*) \| (.*) \| (.*) \|$/gm)];
	it("has four of the boards in FLASHING.md's table", () => assert.equal(rows.length, 4));
	for (const [, target = "", led = "", button, bus] of rows)
		it(`${target} has the pins that FLASHING.md's table says`, () => {
			assert.deepEqual({ led: led.replace(/ \(.*/, ""), button, bus }, known(target));
		});
});
