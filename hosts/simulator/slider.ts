/** Sensors whose reading is a slider of the simulator's window. */

import type { Sample, Sensor, SensorClass, SensorDriver } from "../../modules/device/io.js";
import type { Panel } from "./panel.js";

/** `start` until the slider is moved. */
export function slider(panel: Panel, quantity: string, unit: string, start: number): SensorDriver {
	class Slider implements Sensor {
		#closed = false;
		constructor(options: object) {
			if (options === null || typeof options !== "object")
				throw new TypeError(`${quantity}: options are required`);
		}
		sample(): Sample {
			if (this.#closed) throw new Error(`${quantity}: closed`);
			return { [quantity]: panel.reading(quantity) ?? start };
		}
		close(): void {
			this.#closed = true;
		}
	}
	return { io: Slider as unknown as SensorClass, quantity, unit };
}
