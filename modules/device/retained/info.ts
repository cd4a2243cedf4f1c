/**
 * The content of `info`, which the board retains at its broker and which answers `cmd info`: firmware, host, start, time,
 * storage, and the counters of each part. Keys and their meaning are in TOPICS.md. Publishes nothing.
 */

import type { Device } from "../io.js";
import type { Values } from "../json.js";
import type { Boot, default as Memory, Storage } from "../memory.js";
import type Publisher from "../publisher.js";
import type Sensor from "../sensors/sensor.js";
import { counted } from "../sensors/sensor.js";
import type Time from "../time.js";

export const firmware = "glowworm 0.1.0";

export interface InfoOptions {
	readonly device: Device;
	readonly storage: Storage;
	readonly memory: Memory;
	readonly boot: Boot;
	readonly time: Time;
	readonly publisher: Publisher;
	readonly sensors: readonly Sensor[];
}

export default class Info {
	private readonly options: InfoOptions;

	constructor(options: InfoOptions) {
		this.options = options;
	}

	/** As it is now. */
	get values(): Values {
		const { device, storage, memory, boot, time, publisher, sensors } = this.options;
		const stopped = publisher.stopped;
		// It decides the quality.
		time.now();
		return {
			firmware,
			host: device.name,
			boot: boot.count,
			reset: device.reset,
			uptime: time.uptime,
			tsq: time.quality,
			// Left out of the text where it is undefined.
			signal: device.network.signal?.(),
			outbox: storage.outbox.broken ? "ram: flash takes no writes" : storage.kind,
			counters: {
				// The session's: plain numbers.
				...publisher.session.counters,
				...counted(sensors),
				...(stopped && { stopped }),
				memoryFailures: memory.failures,
				store: storage.store?.counters ?? {},
			},
		};
	}
}
