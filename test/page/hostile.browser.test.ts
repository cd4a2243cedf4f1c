/** Payloads and topics that were made to harm: nothing of them is ever more than text, and the page goes on. */

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import mqtt from "mqtt";
import type { Page as Tab } from "playwright-core";
import { closeBrowser, missing, type Opened, open } from "./browser.js";
import { openDesk, type TestDesk } from "./desk.js";
import { publish, subscribe } from "./page.js";

const script = `<img src=x onerror="window.harmed=1"><script>window.harmed=1</script>`;

describe(`the page and hostile messages${missing ? ` – pending: ${missing}` : ""}`, function () {
	this.timeout(60_000);
	let desk: TestDesk;
	let opened: Opened;
	let tab: Tab;
	let client: mqtt.MqttClient;
	before(async function () {
		if (missing) this.skip();
	});
	after(() => closeBrowser());
	beforeEach(async () => {
		desk = await openDesk();
		client = await mqtt.connectAsync(desk.broker.url, { protocolVersion: 4 });
		opened = await open(`${desk.page.url}#/client`);
		tab = opened.tab;
		await tab.getByText("connected", { exact: true }).waitFor();
		await subscribe(tab, "#");
	});
	afterEach(async () => {
		await client.endAsync(true);
		assert.equal(await tab.evaluate(() => (globalThis as { harmed?: number }).harmed), undefined);
		await opened.close();
		await desk.close();
	});
	/** Shows the message in each of its forms, on each view; the page must still be alive after. */
	const look = async (topic: string) => {
		if (!(await tab.locator(".payload").isVisible())) await tab.locator(".message").first().click();
		for (const form of ["JSON", "Text", "Hex"]) {
			const button = tab.locator(".payload").getByRole("button", { name: form });
			if (await button.isEnabled()) await button.click();
		}
		await tab.goto(`${desk.page.url}#/topics/${encodeURIComponent(topic)}`);
		await tab.getByRole("heading", { name: "Topics" }).waitFor();
		await tab.goto(`${desk.page.url}#/boards`);
		await tab.getByRole("heading", { name: "Boards" }).waitFor();
		await tab.goto(`${desk.page.url}#/client`);
		await publish(tab, "still/alive", "yes");
		await tab.locator(".message", { hasText: "still/alive" }).waitFor();
	};

	it("show a script in a payload as text", async () => {
		await client.publishAsync("a/b/status", "online", { retain: true });
		for (const topic of ["a/b/info", "a/b/alerts/x", "a/b/lamp/state", "a/b/cmd/result"])
			await client.publishAsync(
				topic,
				JSON.stringify({ id: script, state: script, host: script, error: script, src: script }),
			);
		await client.publishAsync("x", script);
		await tab.locator(".message", { hasText: "<img src=x" }).first().waitFor();
		await look("x");
		await tab.goto(`${desk.page.url}#/boards/a/b`);
		await tab.getByText("<img src=x").first().waitFor();
	});

	it("show a script in a topic, and in a board's name, as text", async () => {
		await client.publishAsync(`${script}/${script}/status`, "online", { retain: true });
		await tab.goto(`${desk.page.url}#/boards`);
		await tab.getByText("1 board, 1 online").waitFor();
		await tab.goto(`${desk.page.url}#/client`);
		await look(script);
	});

	it("keep the beginning of 10 MB and count the rest", async () => {
		await client.publishAsync("large", Buffer.alloc(10_000_000, "x"));
		await tab.locator(".message", { hasText: "large" }).click();
		await tab.getByText("10 MB, the first 65.5 KB kept").waitFor();
		await look("large");
	});

	it("show broken UTF-8 as hex, and mark control characters and such as turn the text round", async () => {
		await client.publishAsync("broken", Buffer.from([0xff, 0xfe, 0xc0, 0x80]));
		await tab.locator(".message", { hasText: "ff fe c0 80" }).click();
		await tab.locator(".payload pre").getByText("000000  ff fe c0 80").waitFor();
		// A log stands still under the pointer.
		await tab.mouse.move(0, 0);
		await client.publishAsync("controls", "a\u0000b\u001b[31m\u202etxt");
		await tab.locator(".message", { hasText: "a␀b␛[31m\\u202etxt" }).waitFor();
		await look("controls");
	});

	it("take a topic of 100 levels, which is what the broker takes, and one with control characters", async () => {
		const deep = Array(100).fill("a").join("/");
		await client.publishAsync(deep, "deep");
		await tab.locator(".message", { hasText: "a/a/a/a" }).waitFor();
		await tab.mouse.move(0, 0);
		await client.publishAsync("a\u0007b\u202e/c", "bell");
		await tab.locator(".message", { hasText: "a␇b\\u202e/c" }).waitFor();
		await look(deep);
	});

	it("take JSON that is nested 5000 deep, has a key __proto__, or numbers beyond any", async () => {
		await client.publishAsync("nested", `${"[".repeat(5000)}${"]".repeat(5000)}`);
		await client.publishAsync(
			"proto",
			'{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}',
		);
		await client.publishAsync("a/b/measurements/t", '{"v":1e999,"ts":-1e308,"tsq":"ntp","seq":1e308}');
		await client.publishAsync("a/b/measurements/t", '{"v":1,"ts":1e308,"tsq":"ntp","seq":-1}');
		await client.publishAsync("a/b/status", "online");
		await tab.locator(".message", { hasText: "proto" }).first().waitFor();
		await look("nested");
		assert.equal(
			await tab.evaluate(() => ({}) as { polluted?: number }).then(({ polluted }) => polluted),
			undefined,
		);
	});
});

describe(`a page of another origin${missing ? ` – pending: ${missing}` : ""}`, function () {
	this.timeout(60_000);
	let desk: TestDesk;
	let hostile: Server;
	before(async function () {
		if (missing) this.skip();
		desk = await openDesk();
		hostile = createServer((_request, response) => response.end("<!doctype html><title>hostile</title>"));
		hostile.listen(0, "127.0.0.1");
		await once(hostile, "listening");
	});
	after(async () => {
		hostile?.close();
		hostile?.closeAllConnections();
		await desk?.close();
		await closeBrowser();
	});

	for (const host of ["127.0.0.1", "localhost"])
		it(`at ${host} reads nothing of the desk, opens neither WebSocket, and cannot frame it`, async () => {
			const { port } = hostile.address() as AddressInfo;
			const { tab } = await open(`http://${host}:${port}/`);
			const url = `http://127.0.0.1:${desk.page.port}/`;
			const tried = (await tab.evaluate(`(async () => {
				const read = await fetch("${url}").then(answer => answer.text(), () => "refused");
				const blind = await fetch("${url}page.js", { mode: "no-cors" }).then(answer => answer.type, () => "refused");
				const socket = path => new Promise(done => {
					const socket = new WebSocket("${url.replace("http", "ws")}" + path, "mqtt");
					socket.onopen = () => done("open");
					socket.onerror = () => done("refused");
				});
				const frame = document.createElement("iframe");
				frame.src = "${url}";
				const loaded = new Promise(done => { frame.onload = done; });
				document.body.append(frame);
				await loaded;
				let framed = "refused";
				try { framed = frame.contentDocument ? "empty" : "refused"; } catch {}
				return { read, blind, mqtt: await socket("mqtt"), desk: await socket("desk"), framed };
			})()`)) as object;
			assert.deepEqual(tried, {
				read: "refused",
				blind: "refused",
				mqtt: "refused",
				desk: "refused",
				framed: "refused",
			});
			await tab.context().close();
		});
});
