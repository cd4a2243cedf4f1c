/** Sensors whose reading is a slider of the simulator's window. */

import type { Sample, Sensor, SensorClass, SensorDriver } from "../../modules/device/io.js";
import type { Panel } from "./panel.js";

/** The reading it shows; `start` until the slider is moved. */
interface Source {
	readonly panel: Panel;
	readonly quantity: string;
	readonly start: number;
}

class Slider implements Sensor {
	private readonly source: Source;
	private closed = false;

	constructor(options: { readonly source: Source }) {
		if (options === null || typeof options !== "object") throw new TypeError("slider: options are required");
		this.source = options.source;
	}
	sample(): Sample {
		const { panel, quantity, start } = this.source;
		if (this.closed) throw new Error(`${quantity}: closed`);
		return { [quantity]: panel.reading(quantity) ?? start };
	}
	close(): void {
		this.closed = true;
	}
}

/** `start` until the slider is moved. */
export function slider(panel: Panel, quantity: string, unit: string, start: number): SensorDriver {
	const source: Source = { panel, quantity, start };
	return { io: Slider as unknown as SensorClass, quantity, unit, defaults: { source } };
}
