/**
 * The board description on a host that has no command line: `board` of the manifest's `config`, with what the
 * mcconfig line says (`broker= id= root=`) in its place, and what the device has stored in the place of both.
 * Not checked here: main.ts does, and traces what is wrong. Stored values are never traced.
 */

import config from "mc/config";
import type { Provision } from "../../modules/device/io.js";
import { overlaid } from "../../modules/device/provisioning/trial.js";

/** Of the description. */
export const keys: readonly string[] = Object.freeze(["broker", "id", "root"]);

/** What the mcconfig line says. */
export const built = (key: string): string | undefined => {
	const value: unknown = config[key];
	return value === undefined ? undefined : `${value}`;
};

/** What the line says and, in its place, what is stored. */
export const overrides = (provision: Provision): { readonly [key: string]: string } => {
	const result: { [key: string]: string } = {};
	keys.forEach(key => {
		const value = provision.get(key) ?? built(key);
		if (value !== undefined) result[key] = value;
	});
	return result;
};

/** `config.heap`: what `creation` of the manifest leaves beside the stack. */
export const heap = (): { readonly heap?: number } => {
	const bytes = Number(built("heap"));
	return bytes > 0 ? { heap: bytes } : {};
};

export const description = (provision: Provision): unknown => {
	// `example` is the host's own: mcconfig merges objects and lists of manifests key by key, which would mix the two.
	const { board = config.example ?? {} } = config;
	const raw: unknown = typeof board === "string" ? JSON.parse(board) : copy(board);
	const result = raw as { [key: string]: unknown };
	keys.forEach(key => {
		const value = built(key);
		if (value !== undefined) result[key] = value;
	});
	return overlaid(result, key => provision.get(key));
};

/** `mc/config` is in flash, where JSON.stringify, which messages about mistakes use, throws. */
const copy = (value: unknown): unknown => {
	if (Array.isArray(value)) return value.map(copy);
	if (value === null || typeof value !== "object") return value;
	const result: { [key: string]: unknown } = {};
	Object.keys(value).forEach(key => {
		result[key] = copy((value as { readonly [key: string]: unknown })[key]);
	});
	return result;
};
