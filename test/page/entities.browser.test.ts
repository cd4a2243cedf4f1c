/** What the page shows of a board that Home Assistant would find, against `npm start` with the firmware in XS where there is an engine. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command } from "../firmware/command.js";
import { Observer } from "../firmware/observer.js";
import { closeBrowser, missing, type Opened, open } from "./browser.js";

const board = "factory/1/machine/hall-1";
const description = {
	root: "factory/1/machine",
	id: "hall-1",
	sensors: [
		{ name: "temp", driver: "wave", every: 100, minimum: 20, maximum: 20.001, unit: "°C", decimals: 1 },
	],
	alerts: [{ name: "overheat", sensor: "temp", above: 30, clear: 28 }],
	lamp: { pin: 2, dimmable: true },
	commands: ["info", "config", "identify", "restart", "forget"],
	homeAssistant: { area: "Hall" },
};

describe(`the page's entities of Home Assistant${missing ? ` – pending: ${missing}` : ""}`, function () {
	this.timeout(60_000);
	let folder: string;
	let command: Command | undefined;
	let observer: Observer | undefined;
	let opened: Opened | undefined;
	before(async function () {
		if (missing) this.skip();
		folder = mkdtempSync(join(tmpdir(), "glowworm-entities-"));
		const file = join(folder, "board.json");
		writeFileSync(file, JSON.stringify(description));
		const ports = ["--broker-port", "0", "--page-port", "0"];
		command = Command.start("--config", file, "--data", join(folder, "data"), ...ports, "--quiet");
		const url = /page at (\S+)/.exec(await command.line(/page at/))?.[1] as string;
		const broker = /broker at (\S+)/.exec(await command.line(/broker at/))?.[1] as string;
		observer = await Observer.connect(broker, `${board}/#`);
		opened = await open(`${url}#/boards/${board}`);
	});
	after(async () => {
		await opened?.close();
		await observer?.close();
		await command?.destroy();
		await closeBrowser();
		if (folder) rmSync(folder, { recursive: true, force: true });
	});
	const panel = () => (opened as Opened).tab.getByRole("region", { name: "Home Assistant" });
	const state = (name: string) =>
		panel()
			.getByRole("row")
			.filter({ has: (opened as Opened).tab.getByRole("rowheader", { name, exact: true }) })
			.getByRole("cell");

	it("are those of its document, in Home Assistant's groups, with names, states and units", async () => {
		await panel().getByText("hall-1, Glowworm").waitFor();
		await state("Temp").getByText("20.0 °C").waitFor();
		await state("Overheat").getByText("OK").waitFor();
		await state("Lamp").getByText("Off").waitFor();
		await state("Starts").getByText("1").waitFor();
		assert.deepEqual(await panel().locator("caption").allTextContents(), [
			"Controls",
			"Sensors",
			"Events",
			"Configuration",
			"Diagnostic",
		]);
	});
	it("follow the board: the lamp's brightness, an alert, and its event", async () => {
		await observer?.publish(`${board}/lamp/set`, { state: "ON", brightness: 128 });
		await state("Lamp").getByText("On, 50 %").waitFor();
		const set = { alerts: { overheat: { above: 10, clear: 5 } } };
		await observer?.publish(`${board}/cmd`, { cmd: "config", set });
		await state("Overheat").getByText("Problem").waitFor();
		await state("Overheat event").getByText("ON").waitFor();
	});
	it("are gone once the document is cleared", async () => {
		await observer?.publish("homeassistant/device/hall-1/config", "", true);
		await panel().waitFor({ state: "detached" });
		await (opened as Opened).tab.getByRole("region", { name: "Commands" }).waitFor();
	});
});
