/**
 * Wire, faults and the account as a person sees them, against `npm start` with the firmware in XS where there is an
 * engine: alerts five times a second, link and power cut while twenty of them are under way, the broker that fails.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Page as Tab } from "playwright-core";
import { Command } from "../firmware/command.js";
import { Observer } from "../firmware/observer.js";
import { closeBrowser, missing, type Opened, open } from "./browser.js";

const root = "plant/7";
const description = {
	root,
	id: "mill-1",
	sensors: [{ name: "temp", driver: "wave", every: 50, minimum: 18, maximum: 32, period: 400 }],
	alerts: [{ name: "hot", sensor: "temp", above: 30, clear: 20 }],
	lamp: { pin: 2, dimmable: true },
};

describe(`the page's wire and faults${missing ? ` – pending: ${missing}` : ""}`, function () {
	this.timeout(90_000);
	let folder: string;
	let command: Command;
	let opened: Opened;
	let tab: Tab;
	let url: string;
	let broker: string;
	before(async function () {
		if (missing) this.skip();
		folder = mkdtempSync(join(tmpdir(), "glowworm-page-"));
		const file = join(folder, "board.json");
		writeFileSync(file, JSON.stringify(description));
		command = Command.start(
			...["--config", file, "--data", join(folder, "data"), "--quiet", "--boards", "2"],
			...["--broker-port", "0", "--page-port", "0"],
		);
		url = /page at (\S+)/.exec(await command.line(/page at/))?.[1] as string;
		broker = /broker at (\S+)/.exec(await command.line(/broker at/))?.[1] as string;
		await command.line(/2 boards/);
	});
	after(async () => {
		await command?.destroy();
		await closeBrowser();
		if (folder) rmSync(folder, { recursive: true, force: true });
	});
	const begin = async (view: string) => {
		opened = await open(`${url}#/${view}`);
		tab = opened.tab;
		tab.setDefaultTimeout(30_000);
		await tab.locator(".broker:not(.bad)").waitFor();
	};
	const row = (id: string) => tab.locator(`[data-board="${root}/${id}"]`);
	const sums = async (id: string) => {
		const text = (await row(id).locator(".sums-line").textContent()) ?? "";
		const [raised = 0, held = 0, delivered = 0, lost = 0, repeated = 0] = (text.match(/\d+/g) ?? []).map(
			Number,
		);
		return { raised, held, delivered, lost, repeated };
	};
	/** Until the account of a board is so; every look is at what the page shows. */
	const until = async (id: string, so: (account: Awaited<ReturnType<typeof sums>>) => boolean) => {
		for (let look = 0; look < 300; look++) {
			const account = await sums(id);
			if (so(account)) return account;
			await tab.waitForTimeout(100);
		}
		assert.fail(`the account of ${id} stays ${JSON.stringify(await sums(id))}`);
	};

	it("show each packet with what answers it, filtered, and the steps of a request that only the desk sees", async () => {
		await begin("wire");
		await tab.getByLabel("Search packets").fill("mill-2 puback");
		const ack = tab.locator(".packet", { hasText: "answers PUBLISH after" });
		await ack.first().waitFor();
		await ack.first().click();
		await tab.mouse.move(0, 0);
		await tab.getByLabel("Search packets").fill("mill-2");
		await tab.locator('.packet[aria-pressed="true"]', { hasText: "PUBLISH" }).first().waitFor();
		await tab.getByLabel("packets shown").selectOption("connections");
		await tab
			.locator(".packet", { hasText: /CONNACK.*Session Present/ })
			.first()
			.waitFor();
		await tab.goto(`${url}#/boards`);
		await tab.getByRole("switch", { name: "lamp of mill-2" }).click();
		await tab.locator('[data-way="reported"]').waitFor();
		await tab.getByText(/→ at the broker \+\d+ → stored \+\d+ → done \+\d+ → reported \+\d+/).waitFor();
		await opened.close();
	});

	it("show the first packet of a kind though the mouse is over the empty list, and hold still from then on", async () => {
		await begin("wire");
		await tab.locator(".packet").first().waitFor();
		await tab.getByLabel("Search packets").fill("mill-2 identify");
		await tab.getByText("No packet of this kind has passed yet.").waitFor();
		await tab.locator(".wire").hover();
		const observer = await Observer.connect(broker, `${root}/mill-2/cmd/result`);
		const identify = () => observer.publish(`${root}/mill-2/cmd`, "identify");
		await identify();
		await tab.locator(".packet").first().waitFor();
		assert.equal(await tab.getByText("No packet of this kind").count(), 0);
		const count = await tab.locator(".packet").count();
		await identify();
		await tab.getByText(/^\d+ wait$/).waitFor();
		assert.equal(await tab.locator(".packet").count(), count);
		await observer.close();
		await opened.close();
	});

	it("say which way each packet goes on a phone too", async () => {
		await begin("wire");
		await tab.setViewportSize({ width: 390, height: 844 });
		const packet = tab.locator(".packet").first();
		await packet.waitFor();
		await packet.getByText(/^[→←]/).waitFor();
		const cut = await packet
			.locator("time")
			.evaluate(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth);
		assert.equal(cut, false);
		await opened.close();
	});

	it("lose no alert when the link is cut, twenty are held, the power is cut, and both come back", async () => {
		await begin("faults");
		await until("mill-1", ({ delivered }) => delivered > 0);
		await row("mill-1").getByRole("button", { name: "cut the link" }).click();
		await until("mill-1", ({ held }) => held >= 20);
		await row("mill-1").getByRole("button", { name: "cut the power" }).click();
		await row("mill-1").getByText("off: its will says offline").waitFor();
		const off = await sums("mill-1");
		assert.ok(off.held >= 20);
		assert.equal(off.lost, 0);
		await row("mill-1").getByRole("button", { name: "power on" }).click();
		await row("mill-1").getByRole("button", { name: "join the link" }).click();
		const after = await until("mill-1", ({ delivered }) => delivered >= off.raised);
		assert.equal(after.lost, 0);
		await opened.close();
	});

	it("lose none when the broker is stopped, forgets its sessions, and refuses", async () => {
		await begin("faults");
		const broker = tab.getByRole("region", { name: "Broker" });
		const before = await until("mill-2", ({ delivered }) => delivered > 0);
		// What is retained has come.
		await tab.getByText("2 boards, 2 online").waitFor();
		await broker.getByRole("button", { name: "stop the broker" }).click();
		await until("mill-2", ({ held }) => held >= 3);
		await tab.locator(".broker.bad").waitFor();
		assert.equal(await tab.locator(".count").textContent(), "2 boards, as last heard");
		await broker.getByRole("button", { name: "start the broker" }).click();
		await tab.locator(".broker:not(.bad)").waitFor();
		const stopped = await until("mill-2", ({ delivered }) => delivered > before.raised);
		await broker.getByRole("button", { name: "forget all sessions" }).click();
		const forgotten = await until("mill-2", ({ delivered }) => delivered > stopped.raised);
		await broker.getByRole("button", { name: "refuse boards" }).click();
		await until("mill-2", ({ held }) => held >= 3);
		await broker.getByRole("button", { name: "accept again" }).click();
		const accepted = await until("mill-2", ({ delivered }) => delivered > forgotten.raised);
		for (const account of [stopped, forgotten, accepted]) assert.equal(account.lost, 0);
		await opened.close();
	});

	it("add a board, and remove it", async () => {
		await begin("faults");
		await tab.getByLabel("how many boards to add").fill("1");
		await tab.getByRole("button", { name: "add boards" }).click();
		await row("mill-3").waitFor();
		await row("mill-3").getByRole("button", { name: "remove" }).click();
		await row("mill-3").waitFor({ state: "detached" });
		await opened.close();
	});
});
