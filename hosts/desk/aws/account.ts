/** The account that a local AWS IoT Core belongs to: its region, its number, its endpoint's names, and what is shipped for a board. */

import { readFileSync } from "node:fs";
import type { PolicyDocument } from "./policy.js";
import type { Template } from "./template.js";

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
	return local(shipped("aws-policy.json").replaceAll("greenhouse/1", root));
}

/** hosts/esp32/aws-claim-policy.json, for a board that may get its certificate by this template. */
export function claimPolicy(template: string): PolicyDocument {
	return local(shipped("aws-claim-policy.json").replaceAll("TEMPLATE", template));
}

/** hosts/esp32/aws-template.json. */
export function shippedTemplate(): Template {
	return JSON.parse(shipped("aws-template.json")) as Template;
}

function shipped(name: string): string {
	return readFileSync(new URL(`../../esp32/${name}`, import.meta.url), "utf8");
}
