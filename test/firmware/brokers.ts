/**
 * The brokers the firmware is tested against: Aedes in this process, and the machine's own Mosquitto with a
 * configuration of its own in a temporary directory. Each on a free port of 127.0.0.1, each to be stopped and
 * started again at the same port with its sessions and retained messages, as after a restart with persistence.
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Aedes } from "aedes";

export interface TestBroker {
	readonly port: number;
	readonly url: string;
	/** Off the network: every connection ends, none is accepted. */
	stop(): Promise<void>;
	/** Back, at the same port. */
	start(): Promise<void>;
	close(): Promise<void>;
}

export interface BrokerKind {
	readonly name: string;
	/** Why it cannot run on this machine. */
	readonly missing?: string;
	open(): Promise<TestBroker>;
}

/** A port nobody listened on a moment ago. */
export async function freePort(): Promise<number> {
	const server = createServer().listen(0, "127.0.0.1");
	await once(server, "listening");
	const { port } = server.address() as AddressInfo;
	server.close();
	await once(server, "close");
	return port;
}

class AedesBroker implements TestBroker {
	port = 0;
	#sockets = new Set<Socket>();
	#server: Server | undefined;
	#aedes: Aedes | undefined;

	get url() {
		return `mqtt://127.0.0.1:${this.port}`;
	}
	async start() {
		// Made once: it holds in memory what Mosquitto holds in its database.
		this.#aedes ??= await Aedes.createBroker();
		const { handle } = this.#aedes;
		this.#server = createServer(socket => {
			this.#sockets.add(socket);
			socket.once("close", () => this.#sockets.delete(socket));
			handle(socket);
		}).listen(this.port, "127.0.0.1");
		await once(this.#server, "listening");
		this.port = (this.#server.address() as AddressInfo).port;
	}
	async stop() {
		if (!this.#server) return;
		const closed = once(this.#server, "close");
		this.#server.close();
		for (const socket of this.#sockets) socket.destroy();
		await closed;
		this.#server = undefined;
	}
	async close() {
		await this.stop();
		await new Promise<void>(done => (this.#aedes ? this.#aedes.close(done) : done()));
	}
}

const children = new Set<ChildProcess>();
// A test run that dies must not leave brokers behind.
process.once("exit", () => {
	for (const child of children) child.kill("SIGKILL");
});

class Mosquitto implements TestBroker {
	readonly port: number;
	readonly #program: string;
	readonly #directory = mkdtempSync(join(tmpdir(), "glowworm-mosquitto-"));
	#child: ChildProcess | undefined;

	constructor(program: string, port: number) {
		this.#program = program;
		this.port = port;
	}
	get url() {
		return `mqtt://127.0.0.1:${this.port}`;
	}
	async start() {
		const file = join(this.#directory, "mosquitto.conf");
		// `user root`: started by root it would become "mosquitto", who may not write into this directory.
		writeFileSync(
			file,
			[
				`listener ${this.port} 127.0.0.1`,
				"allow_anonymous true",
				"user root",
				"persistence true",
				`persistence_location ${this.#directory}/`,
				"log_dest stderr",
				"log_type all",
				"",
			].join("\n"),
		);
		const child = spawn(this.#program, ["-c", file], { stdio: ["ignore", "ignore", "pipe"] });
		children.add(child);
		child.once("exit", () => children.delete(child));
		this.#child = child;
		await this.#running(child);
	}
	/** Resolves at its line "mosquitto version … running"; rejects with all it said if it ends before. */
	#running(child: ChildProcess): Promise<void> {
		const said: string[] = [];
		return new Promise((resolve, reject) => {
			createInterface({ input: child.stderr as NodeJS.ReadableStream }).on("line", line => {
				if (said.push(line) > 500) said.shift();
				if (/mosquitto version \S+ running/.test(line)) resolve();
			});
			child.once("error", reject);
			child.once("exit", code => reject(new Error(`mosquitto ended with ${code}:\n${said.join("\n")}`)));
		});
	}
	async stop() {
		const child = this.#child;
		this.#child = undefined;
		if (!child || child.exitCode !== null) return;
		const exit = once(child, "exit");
		child.kill("SIGTERM");
		await exit;
	}
	async close() {
		await this.stop();
		rmSync(this.#directory, { recursive: true, force: true });
	}
}

/** Debian puts it where only root's PATH looks. */
function findMosquitto(): string | undefined {
	for (const directory of [...(process.env.PATH ?? "").split(":"), "/usr/sbin", "/usr/local/sbin"]) {
		const program = join(directory, "mosquitto");
		if (directory && existsSync(program)) return program;
	}
	return undefined;
}

async function openMosquitto(program: string): Promise<TestBroker> {
	for (let attempt = 1; ; ++attempt) {
		const broker = new Mosquitto(program, await freePort());
		try {
			await broker.start();
			return broker;
		} catch (error) {
			await broker.close();
			// Somebody else may have taken the port in between.
			if (attempt === 3 || !String(error).includes("Address already in use")) throw error;
		}
	}
}

async function openAedes(): Promise<TestBroker> {
	const broker = new AedesBroker();
	await broker.start();
	return broker;
}

export const program = findMosquitto();

export const brokers: readonly BrokerKind[] = [
	{ name: "Aedes", open: openAedes },
	program
		? { name: `Mosquitto ${version(program)}`, open: () => openMosquitto(program) }
		: {
				name: "Mosquitto",
				missing: "Mosquitto is not installed (apt install mosquitto)",
				open: () => Promise.reject(new Error("Mosquitto is not installed")),
			},
];

function version(mosquitto: string): string {
	// `-h` prints "mosquitto version 2.0.11" and exits with 3, or 0 in later ones.
	try {
		return /version (\S+)/.exec(execFileSync(mosquitto, ["-h"], { encoding: "utf8" }))?.[1] ?? "";
	} catch (error) {
		return /version (\S+)/.exec(String((error as { stdout?: unknown }).stdout))?.[1] ?? "";
	}
}
