/**
 * The image of each chip, where ESP-IDF is installed: its size, and the RAM that is gone before anything runs. The ESP32-C3's
 * starts in Espressif's emulator where that is on the PATH; it has no Wi-Fi, so a network is for a board to show.
 */

import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { buildImage, chips, environment, missing, output } from "./sdk.js";

/** `factory` of hosts/esp32/partitions.csv. */
const PARTITION = 0x3e0000;
const FLASH = 4 << 20;
const tools = missing() ?? (process.env.IDF_PATH ? undefined : "IDF_PATH is not set: install ESP-IDF v6.0");
const reason =
	tools ??
	(spawnSync("idf.py", ["--version"], { env: environment }).status === 0
		? undefined
		: "idf.py does not run: source ESP-IDF's export.sh");
const QEMU = "qemu-system-riscv32";
const machines = spawnSync(QEMU, ["-machine", "help"], { encoding: "utf8" }).stdout ?? "";
const emulator = /^esp32c3/m.test(machines)
	? undefined
	: `no ${QEMU} with the machine esp32c3 is on the PATH: install Espressif's`;

describe("the image for the ESP32", function () {
	this.timeout(1_200_000);
	const rows: Record<string, object> = {};
	after(() => {
		if (Object.keys(rows).length) console.table(rows);
	});

	for (const chip of chips)
		it(`of ${chip} fits into its partition${reason ? ` (${reason})` : ""}`, async function () {
			if (reason) this.skip();
			const folder = await buildImage(chip, { ssid: "none" });
			const { size } = statSync(join(folder, "xs_esp32.bin"));
			const prefix = /c\d$/.test(chip) ? "riscv32-esp" : `xtensa-${chip}`;
			const elf = join(folder, "xs_esp32.elf");
			const sections = spawnSync(`${prefix}-elf-size`, ["-A", elf], { env: environment, encoding: "utf8" });
			const ram = [...sections.stdout.matchAll(/^\.dram0\.(?:data|bss)\s+(\d+)/gm)];
			rows[chip] = { image: size, "static RAM": ram.reduce((sum, [, bytes]) => sum + Number(bytes), 0) };
			assert.ok(size <= PARTITION, `${size} bytes, ${PARTITION} fit`);
		});

	it(`of esp32c3 starts in the emulator and goes on${(reason ?? emulator) ? ` (${reason ?? emulator})` : ""}`, async function () {
		if (reason ?? emulator) this.skip();
		const folder = await buildImage("esp32c3", { ssid: "none", broker: "mqtt://127.0.0.1" });
		const flash = Buffer.alloc(FLASH, 0xff);
		for (const [offset, name] of [
			[0, "bootloader.bin"],
			[0x8000, "partition-table.bin"],
			[0x10000, "xs_esp32.bin"],
		] as const)
			readFileSync(join(folder, name)).copy(flash, offset);
		const file = join(output, "flash.bin");
		writeFileSync(file, flash);
		const drive = `file=${file},if=mtd,format=raw`;
		const child = spawn(QEMU, ["-nographic", "-machine", "esp32c3", "-drive", drive], {
			stdio: ["ignore", "pipe", "inherit"],
		});
		const lines: string[] = [];
		createInterface({ input: child.stdout }).on("line", line => lines.push(line));
		await new Promise(resolve => setTimeout(resolve, 20_000));
		child.kill("SIGKILL");
		await once(child, "close");
		const starts = lines.filter(line => /ESP-ROM:/.test(line)).length;
		assert.equal(starts, 1, `${starts} starts in 20 s; the log:\n${lines.slice(-20).join("\n")}`);
	});
	it(
		"of esp32c3 shows first light on a network (no emulator of Espressif's has its Wi-Fi: a board's to show)",
	);
});
