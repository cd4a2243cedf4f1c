/** The topic tree as a person uses it, against the desk's own broker. */

import assert from "node:assert/strict";
import mqtt from "mqtt";
import type { Page as Tab } from "playwright-core";
import { closeBrowser, missing, type Opened, open } from "./browser.js";
import { openDesk, type TestDesk } from "./desk.js";

describe(`the page's topics${missing ? ` – pending: ${missing}` : ""}`, function () {
	this.timeout(60_000);
	let desk: TestDesk;
	let opened: Opened;
	let tab: Tab;
	let client: mqtt.MqttClient;
	before(function () {
		if (missing) this.skip();
	});
	after(() => closeBrowser());
	beforeEach(async () => {
		desk = await openDesk();
		client = await mqtt.connectAsync(desk.broker.url, { protocolVersion: 4 });
	});
	afterEach(async () => {
		await client.endAsync(true);
		await opened.close();
		await desk.close();
	});
	const begin = async (detail = "") => {
		opened = await open(`${desk.page.url}#/topics${detail}`);
		tab = opened.tab;
		await tab.getByRole("heading", { name: "Topics" }).waitFor();
		await tab.locator(".broker:not(.bad)").waitFor();
	};
	const row = (name: string) => tab.locator(`.branch:has(a[title="${name}"])`);

	it("show what is retained as retained, what is live not, and what is removed as removed", async () => {
		await client.publishAsync("house/lamp", "ON", { retain: true, qos: 1 });
		await begin();
		await row("house/lamp").getByText("retained").waitFor();
		await client.publishAsync("house/bell", "ding");
		await row("house/bell").getByText("ding").waitFor();
		assert.equal(await row("house/bell").getByText("retained").count(), 0);
		await client.publishAsync("house/lamp", "", { retain: true });
		await row("house/lamp").getByText("removed").waitFor();
		assert.equal(await row("house/lamp").getByText("retained").count(), 0);
	});

	it("count messages with those below, find topics by a search, and open what an address leads to", async () => {
		await begin("/a/b/c");
		await tab.getByText("Nothing came on a/b/c yet.").waitFor();
		for (const topic of ["a/b/c", "a/b/c", "a/x", "z/b"]) await client.publishAsync(topic, "1");
		await row("a").getByText("3", { exact: true }).waitFor();
		await tab
			.getByRole("region", { name: "Topic", exact: true })
			.getByText("2 here, 2 with all below")
			.waitFor();
		await tab.keyboard.press("/");
		await tab.keyboard.type("b");
		await row("z/b").waitFor();
		assert.deepEqual(
			await tab.locator(".branch a").evaluateAll(all => all.map(one => one.getAttribute("title"))),
			["a", "a/b", "a/b/c", "z", "z/b"],
		);
		await tab.keyboard.press("Escape");
		await tab.keyboard.press("Escape");
		await tab.getByText("Pick a topic").waitFor();
	});

	it("show what changed since the message before, and a curve of a number in it", async () => {
		await begin("/plant");
		await client.publishAsync("plant", '{"t":20,"valve":{"open":false},"list":[1,2]}');
		await tab.getByRole("region", { name: "Topic", exact: true }).getByText('"valve"').waitFor();
		await client.publishAsync("plant", '{"t":21,"valve":{"open":true},"list":[1,2,3]}');
		await tab.locator(".changes tr >> nth=2").waitFor();
		assert.deepEqual(await tab.locator(".changes tr").allTextContents(), [
			"t2021",
			"valve.openfalsetrue",
			"list[2]none3",
		]);
		await tab.getByRole("button", { name: /^t 21$/ }).click();
		await tab.getByRole("img", { name: "Chart of t" }).locator("canvas").waitFor();
	});

	it("take thousands of topics and draw only those that can be seen", async () => {
		await begin();
		for (let i = 0; i < 3000; i++) client.publish(`many/${i}`, "x");
		await client.publishAsync("many/last", "x");
		await row("many").getByText("3001").waitFor();
		assert.ok((await tab.locator(".branch").count()) < 100);
	});
});
