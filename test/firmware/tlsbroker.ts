/** The machine's own Mosquitto behind TLS: one authority, and only clients whose certificates it has issued. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type Authority, type Issued, pem } from "../hosts/certificates.js";
import { freePort } from "./brokers.js";
import { closed, opened } from "./leftover.js";

export class TLSBroker {
	readonly port: number;
	readonly #child: ChildProcess;

	private constructor(port: number, child: ChildProcess) {
		this.port = port;
		this.#child = child;
		opened(this);
	}
	/** Runs when it resolves, on 127.0.0.1, its files in `folder`. `lines` are added to its configuration. */
	static async open(
		folder: string,
		authority: Authority,
		server: Issued,
		lines: readonly string[] = [],
	): Promise<TLSBroker> {
		const port = await freePort();
		const file = (name: string, content: string): string => {
			const path = join(folder, name);
			writeFileSync(path, content);
			return path;
		};
		const configuration = file(
			"mosquitto.conf",
			[
				`listener ${port} 127.0.0.1`,
				"allow_anonymous true",
				"user root",
				`cafile ${file("authority.pem", pem("CERTIFICATE", authority.certificate))}`,
				`certfile ${file("server.pem", pem("CERTIFICATE", server.certificate))}`,
				`keyfile ${file("server.key", pem("PRIVATE KEY", server.key))}`,
				"require_certificate true",
				"log_dest stderr",
				...lines,
				"",
			].join("\n"),
		);
		// Debian puts it where only root's PATH looks.
		const env = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin:/usr/local/sbin` };
		const child = spawn("mosquitto", ["-c", configuration], { env, stdio: ["ignore", "ignore", "pipe"] });
		const said: string[] = [];
		await new Promise<void>((resolve, reject) => {
			createInterface({ input: child.stderr as NodeJS.ReadableStream }).on("line", line => {
				said.push(line);
				if (/mosquitto version \S+ running/.test(line)) resolve();
			});
			child.once("exit", () => reject(new Error(said.join("\n"))));
		});
		return new TLSBroker(port, child);
	}
	async close(): Promise<void> {
		closed(this);
		if (this.#child.exitCode !== null) return;
		const exit = once(this.#child, "exit");
		this.#child.kill("SIGKILL");
		await exit;
	}
}
