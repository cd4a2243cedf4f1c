/**
 * What `cmd` can do with a board: tell of it, change how it works, restart it, have it forgotten, show where it is. How a
 * command is read, and which one is too old to be done, is command.ts's; what may be changed, and how it is stored,
 * config.ts's and provisioning.ts's. Knows no topic.
 */

import type Boot from "../boot.js";
import type { Description } from "../description/description.js";
import type { Problem, Values } from "../description/schema.js";
import type Settings from "../description/settings.js";
import { unstored } from "../description/settings.js";
import type { Device, Texts } from "../io.js";
import type Memory from "../memory.js";
import type Output from "../outputs/output.js";
import { mistakes, shown } from "../provisioning/check.js";
import type Voice from "../publisher.js";
import type Channel from "../sensors/sensor.js";
import { counted } from "../sensors/sensor.js";
import type { Storage } from "../storage.js";
import type Time from "../time.js";
import type { CommandHost } from "./command.js";
import type Forgetting from "./decommission.js";

/** So long after an answer, what it announced is done. */
const PAUSE = 250;

/** The board, as far as `cmd` reaches. */
export interface ControlHost {
	readonly timer: Device["timer"];
	readonly memory: Memory;
	readonly time: Time;
	readonly voice: Voice;
	readonly channels: readonly Channel[];
	readonly outputs: readonly Output[];
	/** The session's: plain numbers. */
	readonly counters: object;
	/** The graceful end, which calls back. */
	close(callback: () => void): void;
	report(line: string): void;
}

export interface ControlOptions {
	readonly firmware: string;
	readonly device: Device;
	readonly storage: Storage;
	readonly settings: Settings;
	readonly boot: Boot;
	readonly forgetting: Forgetting;
}

export default class Control implements CommandHost {
	private readonly host: ControlHost;
	private readonly options: ControlOptions;

	constructor(host: ControlHost, options: ControlOptions) {
		this.host = host;
		this.options = options;
	}

	info(): Values {
		const { time, counters, channels, memory } = this.host;
		const { firmware, device, storage, boot } = this.options;
		time.now();
		return {
			firmware,
			host: device.name,
			boot: boot.count,
			reset: device.reset,
			uptime: time.uptime,
			tsq: time.quality,
			outbox: storage.kind,
			counters: {
				...counters,
				...counted(channels),
				memoryFailures: memory.failures,
				store: storage.counters,
			},
		};
	}

	config(): Values {
		const { device, settings } = this.options;
		const { provision } = device;
		return { ...settings.readable, ...(provision && { provision: shown(provision) }) };
	}

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

	private propose(texts: Texts | null): boolean {
		const { provision } = this.options.device;
		return (texts ? provision?.propose(texts) : provision?.drop()) ?? false;
	}

	restart(): boolean {
		const { restart } = this.options.device;
		if (!restart) return false;
		const host = this.host;
		// Later: the answer, and the acknowledgement of the command, go first.
		host.timer.set(() => host.close(() => restart()), PAUSE);
		return true;
	}

	forget(): void {
		const host = this.host;
		for (const channel of host.channels) channel.close();
		if (!this.options.forgetting.begin())
			host.report("forget: could not be stored, a restart will not know it");
	}

	identify(name: unknown = "lamp"): string | undefined {
		const output = this.host.outputs.find(output => output.name === name);
		if (!output) return "output: expected one of this board";
		// Who stands at a garage door does not want it to show where it is.
		if (output.description.liveOnly) return "output: expected one that is not liveOnly";
		output.identify();
		return undefined;
	}

	answer(result: Values): void {
		this.host.voice.answer(result);
	}

	private adopt(description: Description): void {
		const { channels, outputs } = this.host;
		for (const channel of channels) channel.adopt(description);
		for (const output of outputs) {
			const own = description.actuators.find(({ name }) => name === output.name) ?? description.lamp;
			if (own) output.configure(own);
		}
	}
}
