/**
 * Wi-Fi station over the SDK's network interface class (ECMA-419 §23): keeps trying, 1 s to 30 s apart, and says when
 * the network comes and goes, so that a session tries at once and does not wait for what cannot come. Its signal
 * strength is a sensor. The password is never printed.
 */

import WiFi from "embedded:network/interface/wifi";
import Timer from "timer";
import type { Sample, Sensor, SensorClass, SensorDriver } from "../../modules/device/io.js";

const FIRST = 1000;
const LAST = 30_000;
/** `connection` of the interface class. */
const ADDRESSED = 500;
const IDLE = 200;

export interface StationOptions {
	readonly ssid: string | undefined;
	readonly password: string | undefined;
	readonly trace: (line: string) => void;
}

export class Station {
	private readonly options: StationOptions;
	private readonly wifi: WiFi;
	/** There is a network. Only this class sets it. */
	up = false;
	private delay = FIRST;
	private waiting = false;
	private changed: ((up: boolean) => void) | undefined;

	constructor(options: StationOptions) {
		this.options = options;
		this.wifi = new WiFi({ onChanged: () => this.look() });
		if (options.ssid) this.connect();
		else options.trace("Wi-Fi: no ssid was given; the board works without a network");
	}

	/** dBm; undefined while there is no connection. */
	get signal(): number | undefined {
		return this.up ? this.wifi.RSSI : undefined;
	}
	/** One watcher: the board's session. Told how it is, and of each change. */
	watch(changed: (up: boolean) => void): void {
		this.changed = changed;
		changed(this.up);
	}
	/** The driver `wifi-signal`. */
	driver(): SensorDriver {
		const defaults = { station: this };
		return { io: Signal as unknown as SensorClass, quantity: "signal", unit: "dBm", defaults };
	}

	private look(): void {
		const connection = this.wifi.connection;
		const up = connection === ADDRESSED;
		if (up && !this.up) {
			this.delay = FIRST;
			this.options.trace(`Wi-Fi: connected to ${this.wifi.SSID}, address ${this.wifi.address}`);
		}
		if (this.up && !up) this.options.trace("Wi-Fi: connection lost");
		if (connection <= IDLE) this.again();
		if (up === this.up) return;
		this.up = up;
		this.changed?.(up);
	}
	private connect(): void {
		const { ssid = "", password } = this.options;
		try {
			this.wifi.connect({ SSID: ssid, ...(password !== undefined && { password }) });
		} catch {
			// Out of memory, or the driver is busy.
			this.again();
		}
	}
	private again(): void {
		if (this.waiting || !this.options.ssid) return;
		this.waiting = true;
		if (this.delay > FIRST)
			this.options.trace(`Wi-Fi: no connection to ${this.options.ssid} (out of reach, or a wrong password)`);
		Timer.set(() => {
			this.waiting = false;
			this.connect();
		}, this.delay);
		this.delay = Math.min(this.delay * 2, LAST);
	}
}

class Signal implements Sensor {
	private readonly station: Station;

	constructor({ station }: { readonly station: Station }) {
		this.station = station;
	}
	sample(): Sample | undefined {
		const signal = this.station.signal;
		return signal === undefined ? undefined : { signal };
	}
	close(): void {}
}
