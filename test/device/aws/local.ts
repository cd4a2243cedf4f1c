/** A board of an engine at a local AWS of its own, over mutual TLS: what is awaited, and what came about. Each test has a new one. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Aws, type AwsEvent, openAws } from "../../../hosts/desk/aws/aws.js";
import { type BoardOptions, DeskBoard } from "../../../hosts/desk/board.js";
import { loadCredentials } from "../../../hosts/node/credentials.js";
import { certificates } from "../../aws/world.js";

export const ROOT = "greenhouse/1";
/** Milliseconds for what is to happen. */
const PATIENCE = 20_000;

export class Local {
	readonly id: string;
	readonly events: AwsEvent[] = [];
	readonly trace: string[] = [];
	aws!: Aws;
	board: DeskBoard | undefined;
	readonly #engine: BoardOptions["engine"];
	readonly #directory: string;

	/** `id`: no other test's. */
	constructor(engine: BoardOptions["engine"], id: string) {
		this.id = id;
		this.#engine = engine;
		this.#directory = mkdtempSync(join(tmpdir(), "local-"));
	}
	async open(more: { readonly sessionExpiry?: number } = {}): Promise<void> {
		await this.aws?.close();
		this.aws = await openAws({
			folder: certificates(),
			onEvent: event => void this.events.push(event),
			...more,
		});
	}
	async close(): Promise<void> {
		await this.board?.close();
		await this.aws?.close();
		rmSync(this.#directory, { recursive: true, force: true });
	}
	/** With the certificate of its thing, unless `more` has another. */
	async start(description: object, more: Partial<BoardOptions> = {}): Promise<void> {
		const { id, aws } = this;
		this.board = await DeskBoard.start({
			engine: this.#engine,
			data: this.#directory,
			trace: line => void this.trace.push(line),
			...more,
			tls: more.tls ?? loadCredentials((await aws.thing(id)).files),
			description: {
				root: ROOT,
				id,
				broker: aws.url,
				profile: "aws",
				lamp: { pin: 2 },
				sensors: [{ name: "temp", driver: "wave", every: 200 }],
				...description,
			},
		});
	}
	/** Looks until it is so. */
	async until(what: string, look: () => unknown): Promise<void> {
		const end = Date.now() + PATIENCE;
		while (!look()) {
			if (Date.now() > end)
				assert.fail(`${what} did not come about\n${this.trace.join("\n")}\n${JSON.stringify(this.events)}`);
			await new Promise(done => setTimeout(done, 20));
		}
	}
	/** How many lines of the log are so. */
	said(pattern: RegExp): number {
		return this.trace.filter(line => pattern.test(line)).length;
	}
	/** The retained one. */
	status(id = this.id): string | undefined {
		return this.aws.retained(`${ROOT}/${id}/status`)?.toString();
	}
}
