/**
 * What a board does as its session comes and goes: tells its outputs, its features and the trial of new settings, and has
 * its retained topics announced. The part of the session's options that is called: one object with methods, for as six
 * closures it took 1.4 KB of RAM. Connects nothing itself.
 */

import type { Received } from "../session/options.js";
import { Report } from "../session/outcomes.js";
import type Decommission from "./commands/decommission.js";
import type { Part } from "./feature.js";
import type Output from "./outputs/output.js";
import type Trial from "./provisioning/trial.js";
import type Publisher from "./publisher.js";
import { reported } from "./publisher.js";
import type Retained from "./retained/retained.js";
import type Router from "./router.js";
import topics from "./topics.js";

export interface Listening {
	readonly publisher: Publisher;
	readonly outputs: readonly Output[];
	/** Of the features. */
	readonly parts: readonly Part[];
	readonly retained: Retained;
	readonly decommission: Decommission;
	readonly trial: Trial;
	readonly router: Router;
	/** The brokers are nodes of a cluster, which share their sessions. */
	readonly cluster: boolean;
}

export default class Listener {
	private readonly told: Listening;

	constructor(told: Listening) {
		this.told = told;
	}

	/** All that was to be published has been. */
	ready(): boolean {
		return this.told.publisher.idle;
	}

	onMessage(topic: string, payload: Uint8Array, about: Received): void {
		this.told.router.receive(topic, payload, about);
	}

	onAccepted(broker: number): void {
		const { outputs, cluster } = this.told;
		const one = cluster ? 0 : broker;
		outputs.forEach(output => output.accepted(one));
	}

	onOnline(present: boolean): void {
		const { publisher, trial, outputs, decommission, retained, parts } = this.told;
		publisher.report("online");
		trial.online();
		outputs.forEach(output => output.online(present));
		decommission.online();
		retained.announce();
		parts.forEach(part => part.online?.(present));
	}

	onOffline(): void {
		const { publisher, trial, outputs, parts } = this.told;
		publisher.report("offline");
		trial.offline();
		outputs.forEach(output => output.offline());
		parts.forEach(part => part.offline?.());
	}

	onReport(event: number, detail?: string): void {
		const { publisher, trial } = this.told;
		const left = event === Report.filterRefused || event === Report.filterLeftOut;
		if (left && detail === publisher.topic(topics.command)) trial.refused();
		publisher.report(reported(event, detail));
	}
}
