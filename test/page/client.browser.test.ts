/** The test client as a person uses it, against the desk's own broker. */

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import type { Page as Tab } from "playwright-core";
import { Observer } from "../firmware/observer.js";
import { closeBrowser, missing, type Opened, open } from "./browser.js";
import { openDesk, type TestDesk } from "./desk.js";
import { logged, publish, subscribe } from "./page.js";

/** The two tables of the article, as they are written there. */
const tables = [
	{
		topics: [
			"factory/1/machine/1/status",
			"factory/1/machine/32/status",
			"factory/2/machine/7/status",
			"office/7/machine/23/status",
			"office/8/sensor/42/measurements",
		],
		matches: [
			["factory/1/machine/#", [1, 2]],
			["factory/#", [1, 2, 3]],
			["#", [1, 2, 3, 4, 5]],
			["office/#", [4, 5]],
		],
	},
	{
		topics: [
			"factory/1/machine/1/status",
			"factory/1/machine/1/alerts",
			"factory/2/machine/3/status",
			"factory/1/vehicle/1/alerts",
			"office/1/machine/23/status",
			"office/2/machine/16/status",
			"office/2/machine/16/alerts",
		],
		matches: [
			["factory/+/machine/+/status", [1, 3]],
			["+/+/machine/+/alerts", [2, 7]],
			["factory/+/machine/#", [1, 2, 3]],
		],
	},
] as const;

describe(`the page's test client${missing ? ` – pending: ${missing}` : ""}`, function () {
	this.timeout(60_000);
	let desk: TestDesk;
	let opened: Opened;
	let tab: Tab;
	before(function () {
		if (missing) this.skip();
	});
	after(() => closeBrowser());
	beforeEach(async () => {
		desk = await openDesk();
		opened = await open(`${desk.page.url}#/client`);
		tab = opened.tab;
		await tab.getByText("connected", { exact: true }).waitFor();
	});
	afterEach(async () => {
		await opened.close();
		await desk.close();
	});

	tables.forEach(({ topics, matches }, index) => {
		it(`delivers to each filter of the article's table ${index + 1} the topics that the article names`, async () => {
			for (const [filter] of matches) await subscribe(tab, filter);
			for (const topic of topics) await publish(tab, topic, "x", { QoS: 0 });
			for (const [filter, numbers] of matches) {
				await tab.locator(`.filters li:has(.mono:text-is("${filter}")) .pick`).click();
				const expected = numbers.map(number => topics[number - 1]).reverse();
				await tab.locator(`.message >> nth=${expected.length - 1}`).waitFor();
				assert.deepEqual(await logged(tab), expected, filter);
			}
		});

		it(`has table ${index + 1} as a worked example, with the article's match lists`, async () => {
			await tab.getByText("How filters match").click();
			const table = tab.locator(".worked table").nth(index);
			const rows = await table.locator("tbody tr").allTextContents();
			assert.deepEqual(
				rows,
				matches.map(([filter, numbers]) => `${filter}${numbers.join(", ")}`),
			);
			const numbered = tab.locator(".worked ol").nth(index);
			assert.deepEqual(await numbered.locator("li").allTextContents(), [...topics]);
		});
	});

	it("explains a filter while it is typed: what is wrong with it, or which topics seen so far match", async () => {
		for (const topic of ["a/1/x", "a/2/x", "b/1/x"]) await publish(tab, topic, "1");
		const filter = tab.getByLabel("Topic filter", { exact: true });
		await filter.fill("a/#/b");
		await tab.getByText("# is the last level, or there is none").waitFor();
		await filter.fill("a/b+");
		await tab.getByText("+ stands alone in its level").waitFor();
		assert.equal(await tab.getByRole("button", { name: "subscribe", exact: true }).isDisabled(), true);
		await filter.fill("a/+/x");
		await tab.getByText("matches 2 of 3 topics seen").waitFor();
		assert.deepEqual(await tab.locator(".explained li").allTextContents(), ["a/1/x", "a/2/x"]);
	});

	for (const QoS of [0, 1, 2])
		it(`publishes and receives at QoS ${QoS}, each message once`, async () => {
			await subscribe(tab, "a/#", QoS);
			for (const text of ["one", "two", "three"]) await publish(tab, `a/${text}`, text, { QoS });
			await tab.locator(".message >> nth=2").waitFor();
			assert.deepEqual(await logged(tab), ["a/three", "a/two", "a/one"]);
			assert.match(
				(await tab.locator(".message").first().textContent()) ?? "",
				new RegExp(`QoS ${QoS} live`),
			);
		});

	it("shows a retained message after a reload as a kept copy, tells that it is kept, and clears it", async () => {
		await subscribe(tab, "shelf/#");
		await publish(tab, "shelf/lamp", '{"on":true}', { retain: true, form: "json" });
		await tab.locator(".message", { hasText: "live" }).click();
		await tab.getByRole("button", { name: "what does the broker keep here?" }).click();
		await tab.getByText("the broker keeps this message").waitFor();
		await tab.reload();
		await tab.getByText("connected", { exact: true }).waitFor();
		await subscribe(tab, "shelf/#");
		await tab.locator(".message", { hasText: "kept copy" }).waitFor();
		await tab.getByText("Clear what is retained").click();
		await tab.getByLabel("topic or filter to clear").fill("shelf/#");
		await tab.getByRole("button", { name: "what would go?" }).click();
		await tab.locator(".goes li", { hasText: "shelf/lamp" }).waitFor();
		await tab.getByRole("button", { name: "clear 1 topic" }).click();
		await tab.getByText("1 topic cleared").waitFor();
		await tab.getByRole("button", { name: "what would go?" }).click();
		await tab.getByText("The broker keeps nothing there.").waitFor();
	});

	it("delivers what was missed to the persistent session, and not to the clean one", async () => {
		const observer = await Observer.connect(desk.broker.url, "none");
		await subscribe(tab, "news/#", 1);
		await tab.getByRole("button", { name: "persistent session" }).click();
		await tab.getByRole("button", { name: "connect", exact: true }).click();
		await tab.getByText("Session Present 0").waitFor();
		await subscribe(tab, "news/#", 1);
		await tab.getByRole("button", { name: "disconnect" }).click();
		await tab.getByText("not connected", { exact: true }).waitFor();
		await tab.getByRole("button", { name: "clean session" }).click();
		await tab.getByRole("button", { name: "disconnect" }).click();
		await tab.getByText("not connected", { exact: true }).waitFor();

		await observer.publish("news/1", "while both were away");

		await tab.getByRole("button", { name: "connect", exact: true }).click();
		await tab.getByText("Session Present 0").waitFor();
		await tab.getByRole("button", { name: "persistent session" }).click();
		await tab.getByRole("button", { name: "connect", exact: true }).click();
		await tab.getByText("Session Present 1").waitFor();
		await tab.locator(".message", { hasText: "while both were away" }).waitFor();
		await observer.publish("news/2", "now");
		await tab.locator(".message", { hasText: "now" }).waitFor();
		await tab.getByRole("button", { name: "clean session" }).click();
		await tab.locator(".message", { hasText: "now" }).waitFor();
		assert.deepEqual(await logged(tab), ["news/2"]);

		await tab.getByRole("button", { name: "persistent session" }).click();
		await tab.getByRole("button", { name: "disconnect" }).click();
		await tab.getByRole("button", { name: "end the session" }).click();
		// The broker says so itself: the next connection finds none.
		for (let present = true; present; ) {
			await tab.getByRole("button", { name: "connect", exact: true }).click();
			const said = await tab.getByText(/Session Present [01]/).textContent();
			present = said?.includes("Present 1") ?? true;
			if (present) await tab.getByRole("button", { name: "disconnect" }).click();
		}
		await observer.close();
	});

	it("checks JSON and hex while they are typed, and sends the bytes", async () => {
		const payload = tab.getByLabel("Payload", { exact: true });
		const button = tab.getByRole("button", { name: "publish", exact: true });
		await payload.fill('{"a":');
		await tab.getByText(/^no JSON: /).waitFor();
		assert.equal(await button.isDisabled(), true);
		await tab.getByLabel("Payload typed as").selectOption("hex");
		await payload.fill("00 ff 1");
		await tab.getByText("expected two digits for each byte").waitFor();
		const observer = await Observer.connect(desk.broker.url, "bytes");
		const message = new Promise<Buffer>(done =>
			observer.client.once("message", (_topic, bytes) => done(bytes)),
		);
		await publish(tab, "bytes", "00 ff 10", { form: "hex" });
		assert.deepEqual([...(await message)], [0, 255, 16]);
		await observer.close();
	});

	it("repeats a message every so often until it is stopped", async () => {
		await subscribe(tab, "tick");
		await tab.getByLabel("Topic", { exact: true }).fill("tick");
		await tab.getByLabel("milliseconds between repeated publishes").fill("50");
		await tab.getByRole("button", { name: "repeat" }).click();
		await tab.locator(".message >> nth=3").waitFor();
		await tab.getByRole("button", { name: "stop" }).click();
	});

	it("keeps a message as a button, over a reload, and publishes it by that", async () => {
		await publish(tab, "lamp/set", "ON");
		await tab.getByLabel("name of the button").fill("lamp on");
		await tab.getByRole("button", { name: "save as a button" }).click();
		await tab.reload();
		await tab.getByText("connected", { exact: true }).waitFor();
		const observer = await Observer.connect(desk.broker.url, "#");
		await tab.getByRole("button", { name: "lamp on", exact: true }).click();
		await observer.next("lamp/set", "ON", 0);
		await observer.close();
	});

	it("stands still while the pointer is on the log, says how many wait, and pauses and clears", async () => {
		await subscribe(tab, "a");
		await publish(tab, "a", "first");
		await tab.locator(".message").hover();
		const observer = await Observer.connect(desk.broker.url, "none");
		for (const text of ["second", "third"]) await observer.publish("a", text);
		await tab.getByText("2 wait").waitFor();
		assert.equal(await tab.locator(".message").count(), 1);
		await tab.getByRole("heading", { name: "Publish", exact: true }).hover();
		await tab.locator(".message >> nth=2").waitFor();
		await tab.getByRole("button", { name: "pause" }).click();
		await observer.publish("a", "fourth");
		await tab.getByText("paused, 1 passed").waitFor();
		assert.equal(await tab.locator(".message").count(), 3);
		await tab.getByRole("button", { name: "clear this log" }).click();
		await tab.getByText("Nothing came yet.").waitFor();
		await observer.close();
	});

	it("gives a log away as NDJSON and CSV", async () => {
		await subscribe(tab, "a/#");
		await publish(tab, "a/1", '{"v":1}');
		await publish(tab, "a/2", '=1+1,"x"');
		await tab.locator(".message >> nth=1").waitFor();
		const download = async (name: string) => {
			const [file] = await Promise.all([
				tab.waitForEvent("download"),
				tab.getByRole("button", { name }).click(),
			]);
			return readFile(await file.path(), "utf8");
		};
		const lines = (await download("NDJSON")).trim().split("\n");
		assert.deepEqual(
			lines
				.map(line => JSON.parse(line))
				.map(({ topic, payload, qos, retain }) => [topic, payload, qos, retain]),
			[
				["a/1", '{"v":1}', 0, false],
				["a/2", '=1+1,"x"', 0, false],
			],
		);
		const csv = await download("CSV");
		assert.match(csv, /,a\/1,"\{""v"":1\}",0,false,false\r\n/);
		assert.match(csv, /,a\/2,"'=1\+1,""x""",0,false,false\r\n/, "no spreadsheet takes it for a formula");
	});
});
