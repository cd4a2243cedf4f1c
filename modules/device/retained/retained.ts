/**
 * What a board retains at its broker: `info`, the state of each output and of each alert. One table: its names are
 * remembered (retained.ts) so that they can be taken back, and each is said in its turn (announcement.ts). When all is
 * said, and when all is taken back, is decided by the board.
 */

import type { Timer } from "../../mqtt/io.js";
import type { Values } from "../description/schema.js";
import type Memory from "../memory.js";
import type Output from "../outputs/output.js";
import type Voice from "../publisher.js";
import type Channel from "../sensors/sensor.js";
import topics from "../topics.js";
import Announcement from "./announcement.js";
import Retained from "./cleanup.js";

export interface StandingHost {
	readonly timer: Timer;
	readonly memory: Memory;
	readonly voice: Voice;
	readonly outputs: readonly Output[];
	readonly channels: readonly Channel[];
	/** Whether this board goes by something that has yet to prove itself. */
	readonly trying: boolean;
	report(line: string): void;
}

/** A name, and what says it. */
type Row = readonly [name: string, say: () => void];

export default class Standing {
	private readonly voice: Voice;
	private readonly retained: Retained;
	private readonly announcement: Announcement;

	/** `info` is asked when it is said. */
	constructor(host: StandingHost, base: string, info: () => Values) {
		const { timer, memory, voice, outputs, channels } = host;
		this.voice = voice;
		const rows: readonly Row[] = [
			[topics.info, () => voice.state(topics.info, JSON.stringify(info()))],
			...outputs.map((output): Row => [topics.outputState(output.name), () => output.announce()]),
			...channels.flatMap(({ alarms }) =>
				alarms.map((alarm): Row => [topics.alertState(alarm.name), () => alarm.announce()]),
			),
		];
		const names = rows.map(([name]) => name);
		const report = (line: string) => host.report(line);
		this.retained = new Retained({ memory, base, names, trying: host.trying, report });
		// What there is goes first: the session's queue may not take it all, and this is tried again.
		this.announcement = new Announcement(timer, [...rows.map(([, say]) => say), () => this.exorcise()]);
	}

	/** Everything there may be at the broker, also of earlier descriptions. */
	get names(): readonly string[] {
		return this.retained.all;
	}

	/** Says all of it, if the broker is there; clears what has no meaning any more. */
	announce(): void {
		this.announcement.begin();
	}

	/** All was taken back. */
	forget(): void {
		this.retained.forget();
	}

	close(): void {
		this.announcement.close();
	}

	private exorcise(): void {
		if (this.voice.retaining) this.retained.exorcise(name => this.voice.clear(name, false));
	}
}
