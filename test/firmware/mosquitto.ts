/** The machine's own Mosquitto, which keeps sessions and retained messages in its folder. */

import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { BrokerKind } from "./brokers.js";
import { findProgram, open, output, ProgramBroker } from "./program.js";

class Mosquitto extends ProgramBroker {
	readonly #program: string;

	constructor(program: string, port: number) {
		super("mosquitto", port);
		this.#program = program;
	}
	protected override recipe() {
		const file = join(this.folder, "mosquitto.conf");
		// `user root`: started by root it would become "mosquitto", who may not write into this folder.
		writeFileSync(
			file,
			[
				`listener ${this.port} 127.0.0.1`,
				"allow_anonymous true",
				"user root",
				"persistence true",
				`persistence_location ${this.folder}/`,
				"log_dest stderr",
				...["error", "warning", "notice", "information"].map(type => `log_type ${type}`),
				// An observer may be behind: nothing that it is owed may be dropped.
				"max_queued_messages 0",
				"",
			].join("\n"),
		);
		return { command: this.#program, arguments: ["-c", file], ready: /mosquitto version \S+ running/ };
	}
}

export const program = findProgram("mosquitto");

/** `-h` prints "mosquitto version 2.0.11" and exits with 3, or 0 in later ones. */
const version = program && /version (\S+)/.exec(output(program, "-h"))?.[1];

export const mosquitto: BrokerKind = {
	name: program ? `Mosquitto ${version}` : "Mosquitto",
	...(!program && { missing: "Mosquitto is not installed (apt install mosquitto)" }),
	retainedToWildcards: true,
	QoS: 2,
	redelivers: { duplicate: true, sameIdentifier: true },
	open: () => open(port => new Mosquitto(program as string, port)),
};
