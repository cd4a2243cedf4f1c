/** The Boards view as a person uses it, against `npm start` with the firmware in XS where there is an engine. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "../firmware/command.js";
import { Observer } from "../firmware/observer.js";
import { closeBrowser, missing, type Opened, open } from "./browser.js";

const board = "factory/1/machine/desk-1";

describe(`the page's boards${missing ? ` – pending: ${missing}` : ""}`, function () {
	this.timeout(60_000);
	let folder: string;
	let command: Command;
	let broker: string;
	let url: string;
	let opened: Opened;
	before(async function () {
		if (missing) this.skip();
		folder = mkdtempSync(join(tmpdir(), "glowworm-page-"));
		command = Command.start("--data", folder, "--broker-port", "0", "--page-port", "0", "--quiet");
		url = /page at (\S+)/.exec(await command.line(/page at/))?.[1] as string;
		broker = /broker at (\S+)/.exec(await command.line(/broker at/))?.[1] as string;
	});
	after(async () => {
		await command?.destroy();
		await closeBrowser();
		if (folder) rmSync(folder, { recursive: true, force: true });
	});
	beforeEach(async () => {
		opened = await open(url);
	});
	afterEach(() => opened.close());

	it("show a board that comes online, with its sensors' values, units and ages", async () => {
		const card = opened.tab.getByRole("article", { name: board });
		await card.getByText("online").waitFor();
		await card
			.getByText(/^\d+(\.\d)?$/)
			.first()
			.waitFor();
		await card.getByText("°C").waitFor();
		await card.getByText(/ · up \d+ s · #1$/).waitFor();
		await opened.tab.getByText("1 board, 1 online").waitFor();
	});

	it("never say that there is none while retained messages are on their way", async () => {
		const { tab } = opened;
		await tab.addInitScript(() => {
			const seen = new Set<string>();
			Object.assign(window, { seen });
			new MutationObserver(() => {
				for (const { textContent } of document.querySelectorAll(".empty")) seen.add(textContent ?? "");
			}).observe(document, { childList: true, subtree: true, characterData: true });
		});
		await tab.reload();
		await tab.getByRole("article", { name: board }).waitFor();
		const seen = await tab.evaluate(() => [...(window as unknown as { seen: Set<string> }).seen]);
		assert.ok(seen.length > 0);
		assert.deepEqual(
			seen.filter(text => /^No board/.test(text)),
			[],
		);
	});

	it("switch the lamp, and show the way from the request to the report", async () => {
		const { tab } = opened;
		const observer = await Observer.connect(broker, `${board}/lamp/#`);
		const mark = observer.mark;
		const toggle = tab.getByRole("switch", { name: "lamp of desk-1" });
		await tab.getByRole("article").getByText("°C").waitFor();
		assert.equal(await toggle.getAttribute("aria-checked"), "false");
		await toggle.click();
		await tab.locator('[data-way="reported"]').waitFor();
		assert.match(
			(await tab.locator(".way").textContent()) ?? "",
			/^requested \d\d:\d\d:\d\d\.\d{3} → at the broker \+\d+ .*→ reported \+\d+$/,
		);
		assert.equal(await toggle.getAttribute("aria-checked"), "true");
		const desired = await observer.next(`${board}/lamp/desired`, /"ver":1\d{12}/, mark);
		assert.equal(JSON.parse(desired.text).state, "ON");
		const state = await observer.next(`${board}/lamp/state`, /"ver":1\d{12}/, mark);
		assert.equal(JSON.parse(state.text).state, "ON");
		await observer.close();
	});

	it("say why a board refused a request, in its words", async () => {
		const { tab } = opened;
		const fake = await Observer.connect(broker, "attic/fake-1/#");
		await fake.publish("attic/fake-1/status", "online", true);
		await fake.publish("attic/fake-1/pump/state", { state: "OFF", ver: 3, src: "set" }, true);
		const mark = fake.mark;
		await tab.getByRole("switch", { name: "pump of fake-1" }).click();
		const { text } = await fake.next("attic/fake-1/pump/desired", /"ver":1\d{12}/, mark);
		const refusal = { cid: JSON.parse(text).cid, topic: "pump/desired", ok: false, error: "no water" };
		await fake.publish("attic/fake-1/cmd/result", refusal);
		await tab.getByText("refused: no water").waitFor();
		await fake.publish("attic/fake-1/status", "", true);
		await tab.getByRole("article", { name: "attic/fake-1" }).waitFor({ state: "detached" });
		await fake.close();
	});

	it("show a radio's signal, and what has switched an output after the request that is kept", async () => {
		const { tab } = opened;
		const fake = await Observer.connect(broker, "attic/fake-2/#");
		const say = (topic: string, payload: object | string) =>
			fake.publish(`attic/fake-2/${topic}`, payload, true);
		await say("status", "online");
		await say("info", { host: "esp32", boot: 3, signal: -61 });
		await say("pump/desired", { state: "ON", ver: 8 });
		await say("pump/state", { state: "OFF", ver: 7, src: "desired" });
		const card = tab.getByRole("article", { name: "attic/fake-2" });
		await card.getByText("esp32 · #3 · −61 dBm").waitFor();
		await card.getByText("request ver 8 kept by the broker, not reported yet").waitFor();
		await say("pump/state", { state: "ON", ver: 8, src: "desired" });
		await card.getByText("request ver 8 kept by the broker → reported").waitFor();
		await say("pump/state", { state: "OFF", ver: 8, src: "set" });
		await card
			.getByText("request ver 8 kept by the broker, done; switched since by a live command (set)")
			.waitFor();
		await say("status", "");
		await card.waitFor({ state: "detached" });
		await fake.close();
	});

	it("open one board: a chart with its threshold, its alerts, what it says of itself", async () => {
		const { tab } = opened;
		await tab.getByRole("link", { name: board }).click();
		await tab.getByRole("heading", { name: board }).waitFor();
		assert.match(tab.url(), /#\/boards\/factory\/1\/machine\/desk-1$/);
		await tab.getByRole("img", { name: "Chart of temp" }).locator("canvas").waitFor();
		await tab
			.getByRole("region", { name: "Alerts" })
			.getByText(/overheat (ON|OFF).* of temp$/)
			.waitFor();
		await tab.getByText(/^(xs|node) · up \d+ s · #1$/).waitFor();
		await tab.getByRole("button", { name: "1 h" }).first().click();
		await tab.getByText("since the page was opened").first().waitFor();
		const info = tab.getByRole("region", { name: "Info" });
		await info.getByText("glowworm").waitFor();
		await info.getByText(/^as the board said at \d\d:\d\d:\d\d$/).waitFor();
		await tab.reload();
		await tab.getByRole("heading", { name: board }).waitFor();
	});

	it("change a setting by the form, and show a refusal in the board's words", async () => {
		const { tab } = opened;
		await tab.goto(`${url}#/boards/${board}`);
		const settings = tab.getByRole("region", { name: "Settings" });
		const above = settings.getByLabel("above");
		await above.fill("29");
		await settings.getByRole("button", { name: "apply 1" }).click();
		await settings.getByText("✓ stored").waitFor();
		await above.fill("hot");
		await settings.getByRole("button", { name: /^apply/ }).click();
		await settings.getByText(/✗ alerts.*above: expected/).waitFor();
	});

	it("keep what is typed into a setting while the board goes on speaking, and send just that", async () => {
		const { tab } = opened;
		await tab.goto(`${url}#/boards/${board}`);
		const settings = tab.getByRole("region", { name: "Settings" });
		const apply = settings.getByRole("button", { name: "apply 1" });
		const observer = await Observer.connect(broker, `${board}/#`);
		const every = settings.getByLabel("every").first();
		await every.selectText();
		await every.pressSequentially("777", { delay: 20 });
		assert.equal(await every.inputValue(), "777");
		let mark = observer.mark;
		await observer.next(`${board}/measurements/temp`, /"v":/, mark);
		await observer.next(`${board}/measurements/temp`, /"v":/, observer.mark);
		assert.equal(await every.inputValue(), "777");
		mark = observer.mark;
		await apply.click();
		const asked = await observer.next(`${board}/cmd`, /"set"/, mark);
		assert.match(asked.text, /"every":777\b/);
		await settings.getByText("✓ stored").waitFor();
		await settings.getByRole("button", { name: "apply", exact: true }).waitFor();
		await tab.waitForFunction(
			input => (input as HTMLInputElement).value === "777",
			await every.elementHandle(),
		);
		await every.selectText();
		await every.pressSequentially("soon");
		await apply.click();
		await settings.getByText(/✗ .*every: expected/).waitFor();
		assert.equal(await every.inputValue(), "soon");
		await settings.getByRole("button", { name: "undo" }).click();
		assert.equal(await every.inputValue(), "777");
		const choice = settings.getByLabel("powerOn").first();
		await choice.selectOption("off");
		await observer.next(`${board}/measurements/temp`, /"v":/, observer.mark);
		assert.equal(await choice.inputValue(), "off");
		await observer.close();
	});

	it("ask before a restart, and see it through", async () => {
		const { tab } = opened;
		await tab.goto(`${url}#/boards/${board}`);
		const commands = tab.getByRole("region", { name: "Commands" });
		await commands.getByRole("button", { name: "identify" }).click();
		await commands.getByText("✓ done identify").waitFor();
		await commands.getByRole("button", { name: "restart…" }).click();
		await commands.getByRole("button", { name: "restart desk-1" }).click();
		await commands.getByText("✓ done restart").waitFor();
		await tab.getByRole("region", { name: "Info" }).getByText("software").waitFor();
	});
});
