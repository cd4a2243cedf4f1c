/**
 * A button that is held at power-on takes a board back to what was built in: the stored network, broker and identity, and
 * the settings changed by `cmd config`, are deleted, and the board restarts: the way out when it can no longer be commanded.
 * The button must be down within three seconds, and be released after 5 to 30 seconds: one that is stuck restores nothing.
 * Only after a start by power or reset pin.
 */

import type { Timer, TimerHandle } from "../../mqtt/io.js";
import type Settings from "../description/settings.js";
import type { Device } from "../io.js";
import type Button from "../outputs/button.js";

/** ESP32 boards have their button at GPIO 0, which must be up while the chip starts: so it may be pressed a little later. */
const Hold = Object.freeze({ look: 250, begin: 3000, least: 5000, most: 30_000 });

export interface RestoreOptions {
	readonly device: Device;
	readonly button: Pick<Button, "pressed">;
	readonly settings: Settings;
	/** False when this host cannot. */
	readonly restart: () => boolean;
}

export default class Restore {
	private readonly options: RestoreOptions;
	private readonly timer: Timer;
	private handle: TimerHandle | undefined;
	/** Milliseconds since the start; those of them for which the button has been down without a break. */
	private passed = 0;
	private held = 0;

	constructor(options: RestoreOptions) {
		const { timer, reset } = options.device;
		this.options = options;
		this.timer = timer;
		if (reset === "power-on" || reset === "external")
			this.handle = timer.repeat(() => this.look(), Hold.look);
	}

	close(): void {
		this.timer.clear(this.handle);
		this.handle = undefined;
	}

	private look(): void {
		this.passed += Hold.look;
		if (this.options.button.pressed) this.held += Hold.look;
		else if (this.held >= Hold.least) this.restore();
		else this.held = 0;
		if (this.held > Hold.most || (!this.held && this.passed >= Hold.begin)) this.close();
	}

	private restore(): void {
		const { device, settings, restart } = this.options;
		this.close();
		settings.restore();
		const restored = device.provision?.restore() ?? true;
		device.trace?.(`restore: ${restored ? "back to what was built in" : "could not be stored"}`);
		if (restored && !restart()) device.trace?.("restore: holds from the next start on");
	}
}
