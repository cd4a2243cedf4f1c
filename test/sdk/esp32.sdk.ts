/**
 * For each chip the project goes through mcconfig, the type check, the compiler and the preloading linker, as far as
 * mc.xs.c, which needs no ESP-IDF (image.sdk.ts goes on from there). Prints what our modules take of the flash.
 */

import assert from "node:assert/strict";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { prepare } from "../../hosts/desk/certificates.js";
import { Authority } from "../hosts/certificates.js";
import {
	type Built,
	chips,
	configure,
	folderOf,
	linkChip,
	measure,
	missing,
	output,
	platformOf,
	replaced,
	root,
	warnings,
} from "./sdk.js";
import { sharesOf } from "./shares.js";

const reason = missing();

interface Manifest {
	readonly include?: readonly string[];
	/** `~` leaves out what an included manifest maps. */
	readonly modules?: { readonly "~"?: readonly string[] };
}

/** A project of what the SDK brings in for this firmware, and of the named folders of ours. */
function project(name: string, folders: readonly string[]): string {
	const folder = join(output, "projects", name);
	mkdirSync(folder, { recursive: true });
	const ours = [
		"hosts/moddable/board/core.json",
		"hosts/esp32/manifest.json",
		"hosts/esp32/journal.json",
		"hosts/moddable/manifest.json",
	].map(file => JSON.parse(readFileSync(join(root, file), "utf8")) as Manifest);
	const own = ours.flatMap(({ include = [] }) => include).filter(path => path.startsWith("$"));
	const include = [join(root, "hosts/moddable/sdk.json"), ...own];
	for (const each of folders) include.push(join(root, each, "manifest.json"));
	writeFileSync(join(folder, "main.js"), "export default function () {}\n");
	const manifest = {
		build: { NAME: name },
		include,
		modules: { main: "./main", "~": ours.flatMap(({ modules }) => modules?.["~"] ?? []) },
	};
	writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
	return folder;
}

/** A program of one's own with the lean library, and with the feature that it names. */
function lean(name: string, features: readonly string[]): string {
	const folder = join(output, "projects", name);
	mkdirSync(folder, { recursive: true });
	const imports = features.map(feature => `import ${feature} from "glowworm/${feature}";\n`).join("");
	const main = `import { board } from "glowworm";\n${imports}
export default device => board(device, { features: Object.freeze([${features}]) });\n`;
	writeFileSync(join(folder, "main.js"), main);
	const include = ["lean", ...features].map(each => join(root, "hosts/moddable/board", `${each}.json`));
	const manifest = { build: { NAME: name }, include, modules: { main: "./main" }, preload: ["main"] };
	writeFileSync(join(folder, "manifest.json"), JSON.stringify(manifest));
	return folder;
}

describe("the firmware for the ESP32", function () {
	this.timeout(600_000);
	const rows: Record<string, object> = {};
	const folders: Record<string, object> = {};

	before(function () {
		if (!reason) return;
		console.log(`      ${reason}`);
		this.skip();
	});
	after(() => {
		for (const table of [rows, folders]) if (Object.keys(table).length) console.table(table);
	});
	for (const chip of chips)
		it(`links preloaded for ${chip} without a warning about our modules`, async () => {
			const { log, folder } = await linkChip(chip);
			assert.deepEqual(warnings(log, replaced), []);
			const all = measure(folder);
			const bare = measure((await linkChip(chip, project("bare", []), "bare")).folder);
			rows[chip] = {
				"our modules, bytes of flash": all.bytes - bare.bytes,
				"byte code": all.code - bare.code,
				slots: all.slots - bare.slots,
				aliases: `${all.aliases - bare.aliases} (SDK ${bare.aliases})`,
			};
		});
	it("has a client that weighs less than 24 KB where a program has nothing else of ours", async () => {
		const bare = measure((await linkChip("esp32c3", project("bare", []), "bare")).folder);
		const { folder } = await linkChip("esp32c3", project("client", ["modules/mqtt"]), "client");
		const flash = measure(folder).bytes - bare.bytes;
		rows["modules/mqtt alone, esp32c3"] = { "our modules, bytes of flash": flash };
		assert.ok(flash < 24 * 1024, `${flash} bytes`);
	});
	it("is the sum of its folders", async () => {
		const all = await linkChip("esp32c3");
		const bare = await linkChip("esp32c3", project("bare", []), "bare");
		const bytes = new Map<string, number>();
		for (const [folder, sign] of [
			[all.folder, 1],
			[bare.folder, -1],
		] as const)
			for (const [module, share] of sharesOf(folder)) {
				const room = /^(?:modules|hosts)\//.test(module) ? module.slice(0, module.lastIndexOf("/")) : module;
				const row = /^(?:modules|hosts|names)/.test(room) ? room : "main, and of the SDK's TLS";
				bytes.set(row, (bytes.get(row) ?? 0) + sign * share);
			}
		for (const row of [...bytes.keys()].sort()) folders[row] = { "bytes of flash": bytes.get(row) };
		const sum = [...bytes.values()].reduce((sum, each) => sum + each, 0);
		const ours = measure(all.folder).bytes - measure(bare.folder).bytes;
		assert.ok(Math.abs(sum - ours) < 500, `${sum} bytes in all folders, ${ours} in all`);
	});
	it("has nothing of a feature in it that a program with the lean manifest does not name", async function () {
		this.timeout(900_000);
		const link = (name: string, features: readonly string[]) =>
			linkChip("esp32c3", lean(name, features), name);
		const text = ({ folder }: Built) => readFileSync(join(folder, "mc.xs.c"), "latin1");
		const without = await link("lean", []);
		assert.deepEqual(warnings(without.log, replaced), []);
		assert.match(text(without), /modules\/device\/board/);
		// The host's own part of AWS's: it makes keys.
		assert.doesNotMatch(text(without), /xs_glowworm_key/);
		for (const feature of ["homeassistant", "aws"]) {
			const named = await link(`with-${feature}`, [feature]);
			assert.deepEqual(warnings(named.log, replaced), []);
			assert.match(text(named), new RegExp(`modules/device/${feature}/`));
			assert.equal(/xs_glowworm_key/.test(text(named)), feature === "aws");
			assert.doesNotMatch(text(without), new RegExp(`modules/device/${feature}/`));
			const flash = measure(named.folder).bytes - measure(without.folder).bytes;
			rows[`${feature}, esp32c3`] = { "our modules, bytes of flash": flash };
		}
	});
	describe("with a board's own manifest beside it, as in FLASHING.md", () => {
		const board = join(output, "projects/my-board");
		const certificates = join(board, "certificates");
		const built = folderOf("esp32c3", "my-board");
		before(() => {
			mkdirSync(board, { recursive: true });
			const ca = join(output, "ca.der");
			writeFileSync(ca, new Authority("Ours").certificate);
			prepare(certificates, { ca });
			const text = readFileSync(join(root, "hosts/esp32/FLASHING.md"), "utf8");
			const [, manifest = ""] = /my-board\/manifest\.json\n([\s\S]*?)\n\n/.exec(text) ?? [];
			writeFileSync(join(board, "manifest.json"), manifest.replace("../glowworm", root));
		});

		it("brings its certificates along", async () => {
			assert.doesNotMatch(await configure("esp32/esp32c3", board), /no data match/);
			assert.match(readFileSync(join(built, "makefile"), "utf8"), /certificates\/ca\.der/);
		});
		it("has ssid and password where the host reads them: beside the description", async () => {
			const text = readFileSync(join(built, "mc.config.js"), "utf8");
			const { default: config } = await import(`data:text/javascript,${encodeURIComponent(text)}`);
			assert.deepEqual([config.ssid, config.password], ["HOME", "SECRET"]);
			assert.deepEqual(Object.keys(config.board), ["root", "id", "broker", "sensors", "alerts", "lamp"]);
		});
		it("does not build without the folder of its certificates", async () => {
			rmSync(certificates, { recursive: true });
			await assert.rejects(
				configure("esp32/esp32c3", board),
				/certificates\/manifest\.json': manifest not found!/,
			);
		});
	});
	for (const chip of chips)
		it(`gives ${chip} a console for its log in a release build, where there is no debugger`, async () => {
			await configure(platformOf(chip));
			const config = readFileSync(join(folderOf(chip), `xsProj-${chip}/sdkconfig.mc`), "utf8");
			assert.match(config, /^CONFIG_ESP_CONSOLE_UART_DEFAULT=y$/m);
			assert.doesNotMatch(config, /^CONFIG_ESP_CONSOLE_NONE=y$/m);
		});
	for (const chip of chips)
		it(`gives the engine on ${chip} one block of 94 208 bytes, and the firmware what the stack leaves of it`, async () => {
			await configure(platformOf(chip));
			const makefile = readFileSync(join(folderOf(chip), "makefile"), "utf8");
			const creation = /^CREATION = -c (.*)$/m.exec(makefile)?.[1]?.split(",") ?? [];
			const [stack = 0, block = 0] = [4, 11].map(index => Number(creation[index]));
			assert.equal(block, 94_208);
			const text = readFileSync(join(folderOf(chip), "mc.config.js"), "utf8");
			const { default: config } = await import(`data:text/javascript,${encodeURIComponent(text)}`);
			assert.equal(config.heap, block - stack * 16);
		});
	it("refuses a platform it has no host for, in a sentence", async () => {
		await assert.rejects(configure("pico"), /Glowworm has no host for this platform/);
	});
});
