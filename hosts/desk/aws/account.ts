/** The account that a local AWS IoT Core belongs to: its region, its number, its endpoint's names, and the policy that is shipped for a board. */

import { readFileSync } from "node:fs";
import type { PolicyDocument } from "./policy.js";

export const region = "local-desk-1";
export const account = "000000000000";
/** What its policies name resources by. */
export const arn = `arn:aws:iot:${region}:${account}:`;
/** The names that its certificate proves, and that SNI may ask for. */
export const names = ["localhost", `desk-ats.iot.${region}.amazonaws.com`] as const;

/** A document that has REGION and ACCOUNT in the places of these. */
export function local(text: string): PolicyDocument {
	return JSON.parse(text.replaceAll("REGION", region).replaceAll("ACCOUNT", account)) as PolicyDocument;
}

/** hosts/esp32/aws-policy.json, with this root. */
export function shippedPolicy(root = "greenhouse/1"): PolicyDocument {
	const text = readFileSync(new URL("../../esp32/aws-policy.json", import.meta.url), "utf8");
	return local(text.replaceAll("greenhouse/1", root));
}
