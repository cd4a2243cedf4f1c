/** What a driver's class is given: the driver's own defaults, and over them what the description says of its options. */

import type { DriverOption } from "../io.js";
import type { Values } from "./schema.js";

interface Driver {
	readonly options?: { readonly [name: string]: DriverOption };
	readonly defaults?: object;
}

export function optionsFor(
	{ options = {}, defaults }: Driver,
	description: object,
): { [name: string]: unknown } {
	const result: { [name: string]: unknown } = { ...defaults };
	for (const name of Object.keys(options)) {
		const value = (description as Values)[name];
		if (value !== undefined) result[name] = value;
	}
	return result;
}
