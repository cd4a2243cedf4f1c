/**
 * A Home Assistant of a test's own: the `hass` that $HOMEASSISTANT names, with a fresh configuration in a folder that goes with it,
 * a first user, and the MQTT integration at the broker that the test names. It is set up as a person would set it up, over its
 * HTTP API, and read by its own client library over its WebSocket API. What it logs is kept.
 */

import { type ChildProcess, execFileSync, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import {
	type Connection,
	callService,
	createConnection,
	createLongLivedTokenAuth,
	type HassEntities,
	subscribeEntities,
} from "home-assistant-js-websocket";
import { WebSocket } from "ws";
import { closed, opened } from "../firmware/leftover.js";
import { freePort } from "../firmware/program.js";

const program = process.env.HOMEASSISTANT;
/** The first that knows `default_entity_id`. */
const OLDEST = "2025.10";
/** Milliseconds. It may have to install what it needs, at its first start. */
const PATIENCE = Object.freeze({ start: 600_000, change: 60_000, look: 500, end: 20_000 });

/** Why it cannot run on this machine. */
export const missing: string | undefined = why();

function why(): string | undefined {
	if (!program) return `HOMEASSISTANT does not name an installed hass (Home Assistant ${OLDEST} or newer)`;
	try {
		const version = execFileSync(program, ["--version"], { encoding: "utf8" }).trim();
		const [year = 0, month = 0] = version.split(".").map(Number);
		const [oldestYear = 0, oldestMonth = 0] = OLDEST.split(".").map(Number);
		if (year * 12 + month >= oldestYear * 12 + oldestMonth) return undefined;
		return `${program} is Home Assistant ${version}, ${OLDEST} is needed`;
	} catch (error) {
		return `${program} does not run: ${(error as Error).message}`;
	}
}

/** An entity as the registry has it. */
export interface Registered {
	readonly entity_id: string;
	readonly unique_id: string;
	readonly platform: string;
	readonly entity_category: string | null;
}

type Json = { readonly [key: string]: unknown };
interface Field {
	readonly name: string;
	readonly required?: boolean;
	readonly default?: unknown;
}
interface Step {
	readonly type: string;
	readonly flow_id: string;
	readonly errors?: Json | null;
	readonly data_schema?: readonly Field[];
}

export class Hass {
	/** By entity id, as they are now. */
	states: HassEntities = {};
	readonly #folder = mkdtempSync(join(tmpdir(), "glowworm-hass-"));
	readonly #port: number;
	readonly #child: ChildProcess;
	readonly #lines: string[] = [];
	readonly #watchers = new Set<() => void>();
	#token = "";
	#connection: Connection | undefined;

	private constructor(port: number) {
		this.#port = port;
		writeFileSync(join(this.#folder, "configuration.yaml"), configuration(port));
		this.#child = spawn(program as string, ["--config", this.#folder, "--log-no-color"], {
			stdio: ["ignore", "pipe", "pipe"],
			detached: true,
		});
		for (const stream of [this.#child.stdout, this.#child.stderr])
			if (stream) createInterface({ input: stream }).on("line", line => void this.#lines.push(line));
		opened(this);
	}

	/** Resolves when it is at the broker and its states are read. */
	static async start(broker: { readonly host: string; readonly port: number }): Promise<Hass> {
		const hass = new Hass(await freePort());
		try {
			await hass.#serves();
			await hass.#signIn();
			await hass.#connect();
			await hass.#integrate(broker);
			return hass;
		} catch (error) {
			const log = hass.#lines.slice(-40).join("\n");
			await hass.close();
			throw new Error(`${(error as Error).message}; its log ends with\n${log}`);
		}
	}

	/** Resolves once the states are so. */
	until(what: string, right: (states: HassEntities) => boolean): Promise<void> {
		return new Promise((resolve, reject) => {
			const look = () => {
				if (!right(this.states)) return;
				clearTimeout(late);
				this.#watchers.delete(look);
				resolve();
			};
			const late = setTimeout(() => {
				this.#watchers.delete(look);
				const states = Object.values(this.states).map(({ entity_id, state }) => `${entity_id} ${state}`);
				reject(new Error(`not within ${PATIENCE.change} ms: ${what}\n${states.join("\n")}`));
			}, PATIENCE.change);
			this.#watchers.add(look);
			look();
		});
	}

	/** Entities of its MQTT integration. */
	async registered(): Promise<Registered[]> {
		const all = await this.#live.sendMessagePromise<Registered[]>({ type: "config/entity_registry/list" });
		return all.filter(({ platform }) => platform === "mqtt");
	}

	/** As a press on its user interface: `light.turn_on`, say. */
	async call(action: string, entity: string, data: object = {}): Promise<void> {
		const [domain = "", service = ""] = action.split(".");
		await callService(this.#live, domain, service, data, { entity_id: entity });
	}

	/** What it has warned of with one of these words in it. */
	complaints(words: readonly string[]): string[] {
		const records: string[] = [];
		for (const line of this.#lines)
			if (/^\d{4}-\d\d-\d\d /.test(line) || records.length === 0) records.push(line);
			else records[records.length - 1] += `\n${line}`;
		return records.filter(
			record =>
				/ (WARNING|ERROR|CRITICAL) /.test(record) && words.some(word => record.toLowerCase().includes(word)),
		);
	}

	async close(): Promise<void> {
		closed(this);
		this.#connection?.close();
		if (this.#child.exitCode === null && this.#child.signalCode === null) {
			const gone = once(this.#child, "exit");
			const late = setTimeout(() => this.#kill("SIGKILL"), PATIENCE.end);
			this.#kill("SIGTERM");
			await gone;
			clearTimeout(late);
		}
		rmSync(this.#folder, { recursive: true, force: true });
	}

	get #live(): Connection {
		if (!this.#connection) throw new Error("not connected");
		return this.#connection;
	}

	/** It and what it has started. */
	#kill(signal: NodeJS.Signals): void {
		try {
			if (this.#child.pid !== undefined) process.kill(-this.#child.pid, signal);
		} catch {
			// It has gone meanwhile.
		}
	}

	async #serves(): Promise<void> {
		const end = Date.now() + PATIENCE.start;
		while (Date.now() < end) {
			if (this.#child.exitCode !== null) throw new Error(`hass has ended with ${this.#child.exitCode}`);
			const answer = await fetch(`http://127.0.0.1:${this.#port}/api/onboarding`).catch(() => undefined);
			if (answer?.ok) return;
			await new Promise(resolve => setTimeout(resolve, PATIENCE.look));
		}
		throw new Error(`hass does not serve within ${PATIENCE.start} ms`);
	}

	async #signIn(): Promise<void> {
		const client_id = `http://127.0.0.1:${this.#port}/`;
		const user = { name: "Test", username: "test", password: randomUUID(), language: "en" };
		const { auth_code: code } = await this.#post("api/onboarding/users", { ...user, client_id });
		const grant = { grant_type: "authorization_code", code: String(code), client_id };
		const { access_token } = await this.#post("auth/token", new URLSearchParams(grant));
		this.#token = String(access_token);
	}

	async #connect(): Promise<void> {
		// The library takes the browser's.
		(globalThis as { WebSocket?: unknown }).WebSocket ??= WebSocket;
		const auth = createLongLivedTokenAuth(`http://127.0.0.1:${this.#port}`, this.#token);
		this.#connection = await createConnection({ auth });
		subscribeEntities(this.#connection, states => {
			this.states = states;
			for (const look of [...this.#watchers]) look();
		});
	}

	/** The MQTT integration is added as by its form, with its defaults besides the broker. */
	async #integrate({ host, port }: { readonly host: string; readonly port: number }): Promise<void> {
		const flow = "api/config/config_entries/flow";
		const known: Json = { broker: host, port };
		let step = (await this.#post(flow, { handler: "mqtt", show_advanced_options: false })) as unknown as Step;
		for (let page = 0; page < 5 && step.type !== "create_entry"; page++) {
			const { type, flow_id, errors, data_schema = [] } = step;
			if ((type !== "form" && type !== "menu") || Object.keys(errors ?? {}).length)
				throw new Error(`the MQTT integration: ${JSON.stringify(step)}`);
			const answer: { [key: string]: unknown } = type === "menu" ? { next_step_id: "broker" } : {};
			for (const { name, required, default: initial } of data_schema)
				if (name in known) answer[name] = known[name];
				else if (required && initial !== undefined) answer[name] = initial;
			step = (await this.#post(`${flow}/${flow_id}`, answer)) as unknown as Step;
		}
		if (step.type !== "create_entry") throw new Error(`the MQTT integration: ${JSON.stringify(step)}`);
	}

	async #post(path: string, body: Json | URLSearchParams): Promise<Json> {
		const form = body instanceof URLSearchParams;
		const answer = await fetch(`http://127.0.0.1:${this.#port}/${path}`, {
			method: "POST",
			headers: {
				...(!form && { "content-type": "application/json" }),
				...(this.#token && { authorization: `Bearer ${this.#token}` }),
			},
			body: form ? body : JSON.stringify(body),
		});
		const text = await answer.text();
		if (!answer.ok) throw new Error(`${path}: ${answer.status} ${text}`);
		return JSON.parse(text) as Json;
	}
}

/** No more than the test needs: nothing that would look for devices or for the internet. */
function configuration(port: number): string {
	return `homeassistant:
  name: Test
  unit_system: metric
  time_zone: UTC
http:
  server_host: 127.0.0.1
  server_port: ${port}
logger:
  default: warning
api:
config:
onboarding:
websocket_api:
`;
}
