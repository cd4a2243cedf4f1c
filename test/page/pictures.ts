/**
 * `npm run pictures`: the pictures of the page in README, taken by a browser from a desk that runs: some boards, a minute
 * of what they say, a lamp that is on, a board without power. With `--all FOLDER` every view is taken, wide and narrow,
 * light and dark, to be looked at.
 */

import { mkdirSync, mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Page as Tab } from "playwright-core";
import { Command } from "../firmware/command.js";
import { closeBrowser, missing, open, type View } from "./browser.js";
import { publish, subscribe } from "./page.js";

const WAIT = 70_000;
const TURN = 8000;
const root = "factory/1/machine";
const folder = fileURLToPath(new URL("../../hosts/desk/page/pictures/", import.meta.url));

interface Picture {
	readonly name: string;
	readonly hash: string;
	readonly prepare?: (tab: Tab) => Promise<void>;
}

const views: readonly Picture[] = [
	{
		name: "boards",
		hash: "boards",
		async prepare(tab) {
			const lamp = tab.getByRole("switch", { name: "lamp of desk-1" });
			// Another tab may have been there before.
			if ((await lamp.getAttribute("aria-checked")) === "false") {
				await lamp.click();
				await tab.locator('[data-way="reported"]').first().waitFor();
			}
			await tab.mouse.move(0, 0);
		},
	},
	{ name: "board", hash: `boards/${root}/desk-2` },
	{
		name: "client",
		hash: "client",
		async prepare(tab) {
			await tab.getByText("connected", { exact: true }).waitFor();
			await subscribe(tab, `${root}/+/alerts/#`, 1);
			await subscribe(tab, "factory/#");
			await publish(tab, `${root}/desk-3/lamp/set`, '{ "state": "ON", "brightness": 128 }', { form: "json" });
			await tab.locator(".message", { hasText: "lamp/state" }).first().click();
			await tab.getByLabel("Topic filter", { exact: true }).fill("factory/+/machine/+/lamp/#");
			await tab.mouse.move(0, 0);
		},
	},
	{ name: "topics", hash: `topics/${root}/desk-2/measurements/temp` },
	{
		name: "wire",
		hash: "wire",
		async prepare(tab) {
			await tab.getByLabel("Search packets").fill("alerts");
			await tab.locator(".packet", { hasText: "PUBACK" }).first().click();
			await tab.mouse.move(0, 0);
		},
	},
	{ name: "faults", hash: "faults" },
];

/** Which of them README shows, and how. */
const shown: readonly (Picture & View)[] = [
	{ ...(views[0] as Picture), scheme: "dark", height: 700 },
	{ ...(views[1] as Picture), scheme: "light", height: 800 },
	{ ...(views[2] as Picture), scheme: "light", width: 1440, height: 600 },
	{ ...(views[5] as Picture), scheme: "dark", height: 570 },
	{ ...(views[0] as Picture), name: "phone", scheme: "dark", width: 390, height: 780 },
];

/** One tab for all pictures of a scheme and width: everything has to be seen from the beginning, or there is no curve. */
async function takeAll(
	url: string,
	pictures: readonly (Picture & View)[],
	target: string,
	turn: number,
): Promise<void> {
	const [first] = pictures as [Picture & View];
	const opened = await open(url, first);
	const { tab } = opened;
	// One after the other, or two would switch one lamp at once.
	await tab.waitForTimeout(WAIT + turn * TURN);
	for (const { name, hash, prepare, width = 1440, height = 900 } of pictures) {
		await tab.setViewportSize({ width, height });
		await tab.goto(`${url}#/${hash}`);
		await tab.waitForTimeout(1500);
		await prepare?.(tab);
		await tab.waitForTimeout(1500);
		const file = join(target, `${name}.png`);
		await tab.screenshot({ path: file });
		console.log(`${file}  ${statSync(file).size} bytes`);
	}
	await opened.close();
}

async function run(all: string | undefined): Promise<void> {
	if (missing) throw new Error(missing);
	const data = mkdtempSync(join(tmpdir(), "glowworm-pictures-"));
	const command = Command.start(
		"--data",
		data,
		"--new-broker",
		"--broker-port",
		"0",
		"--page-port",
		"0",
		"--quiet",
		"--boards",
		"6",
	);
	try {
		const url = /page at (\S+)/.exec(await command.line(/page at/))?.[1] as string;
		await command.line(/6 boards/);
		const { tab, close } = await open(url);
		await tab.getByRole("switch", { name: "lamp of desk-2" }).click();
		await tab.goto(`${url}#/faults`);
		await tab.locator(`[data-board="${root}/desk-5"]`).getByRole("button", { name: "cut the power" }).click();
		await tab.waitForTimeout(1000);
		await close();
		const target = all ?? folder;
		mkdirSync(target, { recursive: true });
		const groups = (["light", "dark"] as const).flatMap(scheme =>
			[1440, 390].map(width =>
				all
					? views.map(view => ({
							...view,
							name: `${view.name}-${scheme}-${width}`,
							scheme,
							width,
							height: width > 400 ? 900 : 844,
						}))
					: shown.filter(one => one.scheme === scheme && (one.width ?? 1440) > 400 === width > 400),
			),
		);
		const taken = groups.filter(({ length }) => length);
		await Promise.all(taken.map((group, turn) => takeAll(url, group, target, turn)));
	} finally {
		await closeBrowser();
		await command.destroy();
		rmSync(data, { recursive: true, force: true });
	}
}

const [flag, target] = process.argv.slice(2);
await run(flag === "--all" ? (target ?? "pictures") : undefined);
