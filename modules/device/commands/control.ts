/**
 * Carries out the commands of `cmd` on a board: info, config, identify, restart, forget. How a command is read, and which
 * one is refused, is in command.ts; which settings exist in description/settings.ts, what a change of network or broker must
 * look like in provisioning/check.ts. Publishes nothing.
 */

import type { Description } from "../description/description.js";
import type { Problem, Values } from "../description/schema.js";
import type Settings from "../description/settings.js";
import { changeable, unstored } from "../description/settings.js";
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

	/** The description allows this word. */
	allows(word: string): boolean {
		return this.options.settings.current.commands.includes(word);
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

	/** The words and settings that a message may use. */
	get help(): Values {
		const { device, settings } = this.options;
		const set: { [section: string]: readonly string[] } = {};
		// Copies: XS does not stringify objects that lie in flash.
		for (const section of Object.keys(changeable)) set[section] = [...(changeable[section] ?? [])];
		if (this.allows("provision") && device.provision) set.provision = [...device.provision.keys];
		const cmd = settings.current.commands.filter(word => word !== "provision" && word !== "help");
		return { cmd: ["help", ...cmd], ...(this.allows("config") && { set }) };
	}

	/** Returns the problems, or none: then the changes are stored and in force. */
	configure({ provision, ...changes }: Values): readonly Problem[] {
		const { settings } = this.options;
		const wrong = provision === undefined ? [] : this.mistakes(provision);
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

	/** `all`: also topics that others have retained for this board. */
	forget(all: boolean): void {
		const { device, sensors, decommission } = this.options;
		for (const sensor of sensors) sensor.close();
		if (!decommission.begin(all)) device.trace?.("forget: could not be stored, a restart will not know it");
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

	private mistakes(provision: unknown): readonly Problem[] {
		const { device, settings } = this.options;
		if (this.allows("provision")) return mistakes(provision, settings.current, device);
		return [{ key: "provision", expected: "nothing", found: "something that `commands` does not allow" }];
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
