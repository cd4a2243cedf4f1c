/** A desk and a tab on it for browser tests, and what a person does with the test client. */

import type { Page as Tab } from "playwright-core";

export async function subscribe(tab: Tab, filter: string, QoS = 0): Promise<void> {
	await tab.getByLabel("Topic filter", { exact: true }).fill(filter);
	await tab.getByLabel("QoS of the subscription").selectOption(String(QoS));
	await tab.getByRole("button", { name: "subscribe", exact: true }).click();
	await tab.locator(`.filters li:has(.mono:text-is("${filter}"))`).getByText(`QoS ${QoS}`).waitFor();
}

export interface Publishing {
	readonly QoS?: number;
	readonly retain?: boolean;
	readonly form?: "json" | "text" | "hex";
}

/** Publishes, and waits for the broker to have it. */
export async function publish(
	tab: Tab,
	topic: string,
	payload: string,
	options: Publishing = {},
): Promise<void> {
	const { QoS = 1, retain = false, form = "text" } = options;
	const panel = tab.getByRole("region", { name: "Publish" });
	await panel.getByLabel("Payload typed as").selectOption(form);
	await panel.getByLabel("QoS of the message").selectOption(String(QoS));
	await panel.getByLabel("retain").setChecked(retain);
	await panel.getByLabel("Topic", { exact: true }).fill(topic);
	await panel.getByLabel("Payload", { exact: true }).fill(payload);
	await panel.getByRole("button", { name: "publish", exact: true }).click();
	const first = panel.locator(".history li").first();
	await first.getByText(topic, { exact: true }).waitFor();
	await first.getByText(QoS ? "✓ the broker has it" : "✓ sent").waitFor();
}

/** The topics in the log that is open, newest first. */
export async function logged(tab: Tab): Promise<string[]> {
	return tab.locator(".message .topic").allTextContents();
}
