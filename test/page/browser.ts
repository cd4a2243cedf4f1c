/**
 * Debian's chromium, one for all browser tests, driven by playwright-core. Where it is not installed the tests are
 * pending with that reason. A page that says anything on its console, or throws, fails its test.
 */

import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium, type Page as Tab } from "playwright-core";

const program = (process.env.PATH ?? "")
	.split(":")
	.map(folder => join(folder, "chromium"))
	.find(file => existsSync(file));

/** Why there is no browser. */
export const missing = program ? undefined : "chromium is not installed (apt install chromium)";

const flags =
	"--no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync";

let browser: Browser | undefined;

export interface View {
	readonly width?: number;
	readonly height?: number;
	readonly scheme?: "light" | "dark";
}

export interface Opened {
	readonly tab: Tab;
	/** What the page has complained of so far. */
	readonly complaints: string[];
	/** Fails if it has complained. */
	close(): Promise<void>;
}

/** A page in a context of its own: nothing stored, nothing shared. */
export async function open(
	url: string,
	{ width = 1440, height = 900, scheme = "dark" }: View = {},
): Promise<Opened> {
	browser ??= await chromium.launch({ executablePath: program as string, args: flags.split(" ") });
	const context = await browser.newContext({ viewport: { width, height }, colorScheme: scheme });
	const tab = await context.newPage();
	tab.setDefaultTimeout(10_000);
	const complaints: string[] = [];
	tab.on("console", message => {
		if (["error", "warning"].includes(message.type())) complaints.push(message.text());
	});
	tab.on("pageerror", error => complaints.push(error.stack ?? error.message));
	await tab.goto(url);
	return {
		tab,
		complaints,
		async close() {
			await context.close();
			assert.deepEqual(complaints, []);
		},
	};
}

/** For a last `after`: a browser left open would keep mocha alive. */
export async function closeBrowser(): Promise<void> {
	await browser?.close();
	browser = undefined;
}
