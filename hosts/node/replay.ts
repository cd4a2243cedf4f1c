/**
 * Sensor `replay`: plays a CSV file of rows `seconds,value`, from its first row, beginning when it is made, at its own
 * pace or `speed` times faster. A row's value stands until the next row's time; the last row is given once, then there
 * is no more, unless `loop`. A file that is not such a file is refused when the sensor is made, with file and line.
 */

import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import type { SensorDriver } from "../../modules/device/io.js";
import type { Ticks } from "../../modules/mqtt/io.js";
import { Elapsed, HostSensor, type SensorOptions } from "../shared/sensor.js";

export interface ReplayOptions extends SensorOptions {
	readonly ticks: Ticks;
	readonly file: string;
	/** What a relative `file` starts from. */
	readonly directory?: string;
	readonly speed?: number;
	readonly loop?: boolean;
}

interface Row {
	readonly seconds: number;
	readonly value: number;
}

export class Replay extends HostSensor {
	#rows: readonly Row[];
	#elapsed: Elapsed;
	#speed: number;
	#loop: boolean;
	/** The row that stands. */
	#index = 0;
	#ended = false;

	constructor(options: ReplayOptions) {
		super("replay", options);
		const { file, directory = ".", speed = 1, loop = false, ticks } = options;
		if (typeof file !== "string" || file === "") throw new TypeError("replay: file is required");
		if (!(Number.isFinite(speed) && speed > 0))
			throw new RangeError("replay: speed must be a positive number");
		if (typeof loop !== "boolean") throw new TypeError("replay: loop must be true or false");
		this.#rows = load(file, directory);
		this.#speed = speed;
		this.#loop = loop;
		this.#elapsed = new Elapsed(ticks);
	}
	sample(): { value: number } | undefined {
		this.check();
		if (this.#ended) return undefined;
		const rows = this.#rows;
		const last = rows.length - 1;
		const start = (rows[0] as Row).seconds;
		const end = (rows[last] as Row).seconds;
		let seconds = start + (this.#elapsed.milliseconds * this.#speed) / 1000;
		if (this.#loop) {
			// The last row stands as long as the one before it did.
			const gap = last > 0 ? end - (rows[last - 1] as Row).seconds : 1;
			seconds = start + ((seconds - start) % (end - start + gap || 1));
			if (seconds < (rows[this.#index] as Row).seconds) this.#index = 0;
		}
		while (this.#index < last && (rows[this.#index + 1] as Row).seconds <= seconds) this.#index++;
		if (this.#index === last && !this.#loop) this.#ended = true;
		return { value: (rows[this.#index] as Row).value };
	}
}

/** The driver of a board with these ticks, whose description lies in `directory`. */
export function driver(ticks: Ticks, directory: string): SensorDriver {
	return {
		io: Replay as SensorDriver["io"],
		quantity: "value",
		options: {
			file: { type: "string", required: true },
			speed: { type: "number", minimum: 0.001 },
			loop: { type: "boolean" },
		},
		defaults: { ticks, directory },
	};
}

function load(file: string, directory: string): readonly Row[] {
	let text: string;
	try {
		text = readFileSync(resolve(directory, file), "utf8");
	} catch (error) {
		throw new Error(
			`replay: ${file}: expected a readable CSV file in ${directory}, found ${(error as NodeJS.ErrnoException).code}`,
		);
	}
	const rows: Row[] = [];
	const lines = text.replace(/^\uFEFF/, "").split(/\r\n|\n|\r/);
	lines.forEach((line, index) => {
		if (line.trim() === "" || (index === 0 && /^\s*[a-z"]\w*"?\s*,\s*[a-z"]\w*"?\s*$/i.test(line))) return;
		const row = parse(line);
		const previous = rows.at(-1);
		if (!row) throw bad(file, index, "seconds,value", `"${line.slice(0, 40)}"`);
		if (previous && row.seconds < previous.seconds)
			throw bad(file, index, `seconds of at least ${previous.seconds}`, String(row.seconds));
		rows.push(row);
	});
	if (rows.length === 0) throw new Error(`replay: ${file}: expected rows of seconds,value, found none`);
	return rows;
}

function parse(line: string): Row | undefined {
	const cells = line.split(",").map(cell => cell.trim());
	if (cells.length !== 2 || cells.includes("")) return undefined;
	const [seconds = Number.NaN, value = Number.NaN] = cells.map(Number);
	return Number.isFinite(seconds) && Number.isFinite(value) ? { seconds, value } : undefined;
}

function bad(file: string, index: number, expected: string, found: string): Error {
	return new Error(`replay: ${file}: line ${index + 1}: expected ${expected}, found ${found}`);
}
