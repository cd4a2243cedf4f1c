/** Axe's rules for what people with a keyboard, a screen reader or weak eyes meet: each view, light and dark, wide and narrow. */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { AxeResults } from "axe-core";
import mqtt from "mqtt";
import { closeBrowser, missing, type Opened, open } from "./browser.js";
import { openDesk, type TestDesk } from "./desk.js";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const base = "factory/1/machine/desk-1";
const one = `boards/${base}`;
const views = ["boards", one, "client", "topics", `topics/${base}/status`, "wire", "faults"];

/** A board that says all there is to say. */
async function board(client: mqtt.MqttClient): Promise<void> {
	const say = (name: string, value: unknown, retain = true) =>
		client.publishAsync(`${base}/${name}`, typeof value === "string" ? value : JSON.stringify(value), {
			retain,
		});
	await say("status", "online");
	await say("info", { firmware: "x", host: "xs", boot: 3, uptime: 1000, counters: { sent: 1 } });
	await say("lamp/state", { state: "ON", brightness: 128, ver: 3, src: "desired" });
	await say("lamp/desired", { state: "ON", ver: 3 });
	await say("alerts/hot/state", { state: "ON" });
	const hot = { p: "binary_sensor", uniq_id: "hot", name: "Hot", stat_t: `${base}/alerts/hot/state` };
	const lamp = { p: "light", uniq_id: "lamp", name: "Lamp", stat_t: `${base}/lamp/state` };
	const document = { dev: { name: "desk-1" }, avty_t: `${base}/status`, cmps: { hot, lamp } };
	const topic = "homeassistant/device/desk-1/config";
	await client.publishAsync(topic, JSON.stringify(document), { retain: true });
}

describe(`axe on the page${missing ? ` – pending: ${missing}` : ""}`, function () {
	this.timeout(60_000);
	let desk: TestDesk;
	let client: mqtt.MqttClient;
	let opened: Opened;
	before(async function () {
		if (missing) this.skip();
		desk = await openDesk();
		client = await mqtt.connectAsync(desk.broker.url, { protocolVersion: 4 });
		await board(client);
	});
	after(async () => {
		await client?.endAsync(true);
		await desk?.close();
		await closeBrowser();
	});

	for (const scheme of ["light", "dark"] as const)
		for (const width of [1440, 390])
			it(`finds no fault, ${scheme} and ${width} pixels wide`, async () => {
				opened = await open(desk.page.url, { width, scheme });
				const { tab } = opened;
				for (const view of views) {
					await tab.goto(`${desk.page.url}#/${view}`);
					await tab.locator("main h1, main .empty").first().waitFor();
					await client.publishAsync(
						`${base}/measurements/temp`,
						JSON.stringify({ v: 21.5, ts: Date.now(), tsq: "ntp" }),
					);
					await client.publishAsync(
						`${base}/alerts/hot`,
						JSON.stringify({ id: "3-1", state: "ON", v: 31, ts: Date.now() }),
					);
					await client.publishAsync(
						`${base}/cmd/result`,
						JSON.stringify({ cmd: "x", ok: false, error: "no" }),
					);
					await tab.locator(".broker:not(.bad)").waitFor();
					// With the question that a restart asks first.
					if (view === one) {
						await tab.getByRole("region", { name: "Home Assistant" }).waitFor();
						await tab.getByRole("button", { name: "restart…" }).click();
						await tab.getByRole("alertdialog", { name: "restart desk-1?" }).waitFor();
					}
					// Into the page by the browser, past its policy.
					await tab.evaluate(axe);
					const { violations } = (await tab.evaluate("axe.run()")) as AxeResults;
					assert.deepEqual(
						violations.map(({ id, nodes }) => `${view}: ${id}: ${nodes.map(({ html }) => html).join(" ")}`),
						[],
					);
				}
				await opened.close();
			});
});
