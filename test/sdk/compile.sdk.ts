/**
 * Our C files, compiled by the rule that mcconfig generates for them: the SDK's own flags and include folders, for each
 * chip whose compiler is here. Links nothing; what idf.py would configure is only the chip's name.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { chips, configure, environment, folderOf, make, missing, platformOf, root } from "./sdk.js";

const idf = process.env.IDF_PATH;
/** The simulator's are compiled with each of its tests. */
const files = readdirSync(join(root, "hosts"), { recursive: true, encoding: "utf8" }).filter(
	name => name.endsWith(".c") && !name.startsWith("simulator"),
);

/** The SDK's name of each compiler, and Debian's of one that knows the same instructions and brings a C library. */
function compiler(chip: string): string | undefined {
	const riscv = /c\d$/.test(chip);
	const name = riscv ? "riscv32-esp-elf-gcc" : `xtensa-${chip}-elf-gcc`;
	const others = riscv ? ["riscv64-unknown-elf-gcc -mabi=ilp32 --specs=picolibc.specs"] : [];
	return [name, ...others].find(command => {
		const [program = "", ...options] = command.split(" ");
		const input = "#include <stdint.h>\n";
		const args = [...options, ...(riscv ? ["-march=rv32imc"] : []), "-E", "-x", "c", "-"];
		return spawnSync(program, args, { env: environment, input }).status === 0;
	});
}

function reason(chip: string): string | undefined {
	const sdk = missing();
	if (sdk) return sdk;
	if (!idf) return "IDF_PATH is not set: install ESP-IDF v6.0";
	return compiler(chip) === undefined ? `no C compiler for ${chip} is on the PATH` : undefined;
}

describe("C files compile as the SDK compiles them", function () {
	this.timeout(60_000);
	for (const chip of chips)
		describe(chip, () => {
			const why = reason(chip);
			for (const file of files)
				it(`hosts/${file}${why ? ` (${why})` : ""}`, async function () {
					if (why) this.skip();
					await configure(platformOf(chip));
					const folder = folderOf(chip);
					const config = join(folder, `xsProj-${chip}/build/config`);
					mkdirSync(config, { recursive: true });
					const target = `CONFIG_IDF_TARGET_${chip.toUpperCase()}`;
					writeFileSync(
						join(config, "sdkconfig.h"),
						`#define ${target} 1\n#define CONFIG_IDF_TARGET "${chip}"\n`,
					);
					const object = join(folder, `${basename(file)}.o`);
					// Neither what mcconfig generates nor headers are made anew, and idf.py is not asked for a configuration.
					const old = ["-o", join(folder, "mc.xs.c"), "HEADERS=", "SDKCONFIG_H="];
					await make(folder, [`CC=${compiler(chip)}`, "IDF_VERSION=none", ...old, object]);
					// The first ESP32 has no thermometer that ESP-IDF reads.
					const reads = readFileSync(object, "latin1").includes("temperature_sensor_get_celsius");
					if (basename(file) === "chip.c") assert.equal(reads, chip !== "esp32");
				});
		});
});
