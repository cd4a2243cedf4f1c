/**
 * Sensor `temperature`: the machine's own temperature in °C (§14), from the kernel's thermal zones or hwmon chips; of
 * several, the processor's. A machine without any has no such driver, and `find` says why.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { SensorDriver } from "../../modules/device/io.js";
import { HostSensor, type SensorOptions } from "../shared/sensor.js";

export interface TemperatureOptions extends SensorOptions {
	/** A file that holds thousandths of a degree. */
	readonly file: string;
}

/** Names that mean the processor, best first. */
const processors = [/x86_pkg_temp/, /coretemp|k10temp|zenpower/, /cpu/, /soc/, /acpitz/];

export class Temperature extends HostSensor {
	#file: string;

	constructor(options: TemperatureOptions) {
		super("temperature", options);
		if (typeof options.file !== "string") throw new TypeError("temperature: file is required");
		this.#file = options.file;
		this.sample();
	}
	/** Throws while the kernel does not answer: zones of sleeping chips do that. */
	sample(): { temperature: number } {
		this.check();
		return { temperature: measure(this.#file) };
	}
}

/** The file of the best sensor under `root`, or why there is none. */
export function find(root = "/sys/class"): { readonly file: string } | { readonly reason: string } {
	const found: { file: string; name: string }[] = [];
	for (const zone of list(join(root, "thermal"), /^thermal_zone\d+$/))
		found.push({ file: join(zone, "temp"), name: text(join(zone, "type")) });
	for (const chip of list(join(root, "hwmon"), /^hwmon\d+$/))
		for (const file of list(chip, /^temp\d+_input$/)) found.push({ file, name: text(join(chip, "name")) });
	const usable = found.filter(({ file }) => {
		try {
			measure(file);
			return true;
		} catch {
			return false;
		}
	});
	usable.sort((a, b) => rank(a.name) - rank(b.name));
	const [best] = usable;
	if (best) return { file: best.file };
	return {
		reason: found.length
			? `none of the ${found.length} thermal files under ${root} can be read`
			: `this machine has no thermal zone and no hwmon chip under ${root}`,
	};
}

export function driver(file: string): SensorDriver {
	return { io: Temperature as SensorDriver["io"], quantity: "temperature", unit: "°C", defaults: { file } };
}

function measure(file: string): number {
	const content = readFileSync(file, "utf8").trim();
	// An empty file would read as 0 °C.
	if (!/^-?\d+$/.test(content))
		throw new Error(`temperature: ${file}: expected thousandths of a degree, found "${content}"`);
	return Number(content) / 1000;
}

function rank(name: string): number {
	const index = processors.findIndex(pattern => pattern.test(name));
	return index < 0 ? processors.length : index;
}

function list(folder: string, pattern: RegExp): string[] {
	try {
		return readdirSync(folder)
			.filter(name => pattern.test(name))
			.sort()
			.map(name => join(folder, name));
	} catch {
		return [];
	}
}

function text(file: string): string {
	try {
		return readFileSync(file, "utf8").trim().toLowerCase();
	} catch {
		return "";
	}
}
