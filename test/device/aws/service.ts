/**
 * AWS's shadow service for a board of stage.ts: documents by the rules of the desk's local AWS, times in whole seconds, deltas and
 * answers that come when the test says so, in its order, as often as it likes. `slow`: it takes the board's reports likewise.
 */

import {
	delta,
	merge,
	parseRequest,
	type State,
	stamp,
	type Tree,
} from "../../../hosts/desk/aws/document.js";
import type { Published, World } from "../stage.js";

export interface Answer {
	readonly topic: string;
	readonly payload: string;
}

export class Service {
	/** Reports wait in `requests` until the test has them taken; else they are taken at once. */
	slow = false;
	/** Reports of the board that were not yet taken. */
	readonly requests: string[] = [];
	/** Answers that were not yet delivered. */
	readonly answers: Answer[] = [];
	readonly #world: World;
	readonly #base: string;
	readonly #now: () => number;
	#state: State = {};
	#metadata: State = {};
	version = 0;

	/** `name`: of a named shadow. `now`: milliseconds since 1970. Hears what the board publishes. */
	constructor(world: World, now: () => number, name = "") {
		this.#world = world;
		this.#now = now;
		this.#base = `$aws/things/b/shadow/${name && `name/${name}/`}`;
		const before = world.onPublish;
		world.onPublish = message => {
			before?.(message);
			this.#hear(message);
		};
	}
	get desired(): Tree {
		return (this.#state.desired ?? {}) as Tree;
	}
	get reported(): Tree {
		return (this.#state.reported ?? {}) as Tree;
	}
	/** What the console says is different. */
	get difference(): unknown {
		return delta(this.#state.desired, this.#state.reported, this.#metadata.desired)?.state;
	}
	/** As an application does. */
	wish(desired: object): void {
		this.#update(JSON.stringify({ state: { desired } }));
	}
	/** As an application does that should not. */
	report(reported: object): void {
		this.#update(JSON.stringify({ state: { reported } }));
	}
	/** The shadow is deleted, long ago: the next one counts from 1. */
	forget(): void {
		this.#state = {};
		this.#metadata = {};
		this.version = 0;
	}
	/** Takes a report, the oldest by default; one that stays is taken again. False where there is none. */
	serve(index = 0, stays = false): boolean {
		const [request] = stays ? this.requests.slice(index, index + 1) : this.requests.splice(index, 1);
		if (request !== undefined) this.#update(request);
		return request !== undefined;
	}
	/** Rejects a report, by default as where it is throttled. */
	reject(index: number, code = 429): void {
		const [request] = this.requests.splice(index, 1);
		if (request === undefined) return;
		const { clientToken } = JSON.parse(request) as { clientToken: string };
		this.#send("update/rejected", { code, message: "refused", clientToken });
	}
	/** Delivers an answer, the oldest by default; one that stays comes again. False where there is none. */
	deliver(index = 0, stays = false): boolean {
		const [answer] = stays ? this.answers.slice(index, index + 1) : this.answers.splice(index, 1);
		if (!answer) return false;
		this.#world.link.receive(answer.topic, answer.payload, {});
		return true;
	}
	/** All there is to deliver, and what follows from it. */
	settle(): void {
		for (let i = 0; i < 50; i++) {
			while (this.serve() || this.deliver());
			this.#world.clock.advance(100);
			if (!this.answers.length && !this.requests.length) return;
		}
		throw new Error("the shadow and the board go on for ever");
	}

	#hear({ topic, payload }: Published): void {
		if (topic === `${this.#base}update`) {
			this.requests.push(payload);
			if (!this.slow) this.serve();
		} else if (topic === `${this.#base}get` && this.version) this.#get();
	}
	#get(): void {
		const { desired, reported } = this.#state;
		const difference = delta(desired, reported, this.#metadata.desired);
		this.#answer("get/accepted", {
			state: { ...this.#state, ...(difference && { delta: difference.state }) },
			metadata: this.#metadata,
		});
	}
	#update(payload: string): void {
		const { state, clientToken } = parseRequest(Buffer.from(payload));
		const { desired, reported } = state ?? {};
		const time = Math.floor(this.#now() / 1000);
		this.#state = join(merge(this.#state.desired, desired), merge(this.#state.reported, reported));
		this.#metadata = join(
			stamp(this.#metadata.desired, desired, time),
			stamp(this.#metadata.reported, reported, time),
		);
		this.version++;
		// Those of wishes too; a board has nothing of them.
		if (reported) this.#answer("update/accepted", { state, clientToken });
		const difference = delta(this.#state.desired, this.#state.reported, this.#metadata.desired);
		if (difference) this.#answer("update/delta", { ...difference, clientToken });
	}
	#answer(topic: string, what: object): void {
		this.#send(topic, { ...what, version: this.version });
	}
	#send(topic: string, what: object): void {
		const payload = JSON.stringify({ ...what, timestamp: Math.floor(this.#now() / 1000) });
		this.answers.push({ topic: this.#base + topic, payload });
	}
}

function join(desired: Tree | undefined, reported: Tree | undefined): State {
	return { ...(desired && { desired }), ...(reported && { reported }) };
}
