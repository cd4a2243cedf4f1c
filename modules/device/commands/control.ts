/**
 * Carries out the commands of `cmd` on a board: info, config, identify, restart, forget. How a command is read, and which
 * one is refused, is in command.ts; which settings exist in description/settings.ts, what a change of network or broker must
 * look like in provisioning/check.ts. Publishes nothing.
 */

import type { Description } from "../description/description.js";
import type { Problem, Values } from "../description/schema.js";
import type Settings from "../description/settings.js";
import { unstored } from "../description/settings.js";
import type { Device, Texts } from "../io.js";
import type Output from "../outputs/output.js";
import { mistakes, shown } from "../provisioning/check.js";
import type Info from "../retained/info.js";
import type Sensor from "../sensors/sensor.js";
import type Decommission from "./decommission.js";

export interface ControlOptions {
	readonly device: Device;
	readonly settings: Settings;
	readonly info: Pick<Info, "values">;
	readonly sensors: readonly Pick<Sensor, "adopt" | "close">[];
	readonly outputs: readonly Pick<Output, "name" | "description" | "configure" | "identify">[];
	readonly decommission: Pick<Decommission, "begin">;
	/** A moment later, so that the answer goes first. False when this host cannot. */
	readonly restart: () => boolean;
}

export default class Control {
	private readonly options: ControlOptions;

	constructor(options: ControlOptions) {
		this.options = options;
	}

	get info(): Values {
		return this.options.info.values;
	}

	/** The present settings. */
	get config(): Values {
		const { device, settings } = this.options;
		const { provision } = device;
		return { ...settings.readable, ...(provision && { provision: shown(provision) }) };
	}

	/** Returns the problems, or none: then the changes are stored and in force. */
	configure({ provision, ...changes }: Values): readonly Problem[] {
		const { device, settings } = this.options;
		const wrong = provision === undefined ? [] : mistakes(provision, settings.current, device);
		if (wrong.length) return wrong;
		if (Object.keys(changes).length) {
			const problems = settings.change(changes);
			if (problems.length) return problems;
			this.adopt(settings.current);
		}
		return provision === undefined || this.propose(provision as Texts | null) ? [] : unstored("provision");
	}

	/** False when this host cannot. */
	restart(): boolean {
		return this.options.restart();
	}

	forget(): void {
		const { device, sensors, decommission } = this.options;
		for (const sensor of sensors) sensor.close();
		if (!decommission.begin()) device.trace?.("forget: could not be stored, a restart will not know it");
	}

	/** The lamp, unless another output is named. Returns the mistake, if it does not blink. */
	identify(name: unknown = "lamp"): string | undefined {
		const output = this.options.outputs.find(output => output.name === name);
		if (!output) return "output: expected one of this board";
		// A garage door must not move to show where it is.
		if (output.description.liveOnly) return "output: expected one that is not liveOnly";
		output.identify();
		return undefined;
	}

	private propose(texts: Texts | null): boolean {
		const { provision } = this.options.device;
		return (texts ? provision?.propose(texts) : provision?.drop()) ?? false;
	}

	private adopt(description: Description): void {
		const { sensors, outputs } = this.options;
		for (const sensor of sensors) sensor.adopt(description);
		for (const output of outputs) {
			const own = description.actuators.find(({ name }) => name === output.name) ?? description.lamp;
			if (own) output.configure(own);
		}
	}
}
