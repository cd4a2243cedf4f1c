/**
 * The board description on a host that has no command line: `board` of the manifest's `config`, with what the
 * mcconfig line says (`broker= id= root=`) in its place, and what the device has stored in the place of both.
 * Not checked here: main.ts does, and traces what is wrong. Stored values are never traced.
 */

import config from "mc/config";
import type { KeyValue } from "../../modules/device/io.js";

/** The key-value domain of what is set on the device. Also holds `ssid` and `password` (hosts/esp32). */
export const DOMAIN = "provision";

const overridable = Object.freeze(["broker", "id", "root"] as const);

/** What is stored under `key`, or said on the mcconfig line. */
export function provision(keyValue: KeyValue, key: string): string | undefined {
	let stored: string | undefined;
	try {
		const domain = keyValue.open({ path: DOMAIN, mode: "r", format: "string" });
		stored = domain.read(key);
		domain.close();
	} catch {
		// Nothing was ever stored.
	}
	const built: unknown = config[key];
	return stored ?? (built === undefined ? undefined : `${built}`);
}

export function description(keyValue: KeyValue): unknown {
	// `example` is the host's own: mcconfig merges objects and lists of manifests key by key, which would mix the two.
	const { board = config.example ?? {} } = config;
	const raw: unknown = typeof board === "string" ? JSON.parse(board) : copy(board);
	const result = raw as { [key: string]: unknown };
	for (const key of overridable) {
		const value = provision(keyValue, key);
		if (value !== undefined) result[key] = value;
	}
	return result;
}

/** `mc/config` is in flash, where JSON.stringify, which messages about mistakes use, throws. */
function copy(value: unknown): unknown {
	if (Array.isArray(value)) return value.map(copy);
	if (value === null || typeof value !== "object") return value;
	const result: { [key: string]: unknown } = {};
	for (const [key, inner] of Object.entries(value)) result[key] = copy(inner);
	return result;
}
