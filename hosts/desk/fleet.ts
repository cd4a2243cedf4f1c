/**
 * The virtual boards of a desk, each with a switch for its power and a fault for its line. The first is the one of the
 * description, on the engine that was asked for; further ones are like it under other ids, and run in Node, where dozens
 * fit into this process.
 */

import { encode } from "../../modules/mqtt/codec.js";
import { lock } from "../node/lock.js";
import type { PinState } from "../node/pins.js";
import type { Credentials } from "../node/tls.js";
import { type BoardOptions, DeskBoard } from "./board.js";
import { idOf } from "./held.js";
import { LinkFault } from "./link.js";
import { MOST } from "./options.js";
import { type Hear, onSockets, tapped } from "./tap.js";
import type { VirtualBoard } from "./web/protocol.js";

/** Milliseconds between two that start: they need not all do the same at the same moment. */
const STAGGER = 20;
/** Ids that may be taken, one after the other. */
const TRIES = 50;

export interface FleetOptions {
	readonly root: string;
	/** Of the first board. */
	readonly id: string;
	/** Of the first board; the others' ids take its place in the description. */
	readonly board: BoardOptions;
	/** What each further board is trusted by and for, if that is a thing of its own. */
	readonly credentials?: (id: string) => Promise<Credentials>;
	/** The folder of a board's state, by its id. */
	readonly folder: (id: string) => string;
	/** Hears the boards' connections, each. */
	readonly tap?: () => Hear;
	/** A board is about to start, with its state in this folder. */
	readonly onStart: (base: string, folder: string) => void;
	/** An alert was accepted by a board's firmware. */
	readonly onRaised: (base: string, alert: string) => void;
	readonly onPin: (base: string, state: PinState) => void;
	/** A board came, went, or was switched. */
	readonly onChange: () => void;
	/** Something is wrong with a board that is not the first. */
	readonly onTrouble: (line: string) => void;
}

interface Member {
	readonly id: string;
	readonly base: string;
	readonly engine: string;
	readonly board: DeskBoard;
	readonly fault: LinkFault;
	power: boolean;
}

/** The firmware's line for an alert that its outbox has accepted. */
const accepted = /^> alerts\/[^/ ]+ (\{.*\}) \(QoS 1(, queued)?\)$/;

export class Fleet {
	readonly #options: FleetOptions;
	readonly #members = new Map<string, Member>();
	#last = 1;
	#closed = false;

	constructor(options: FleetOptions) {
		this.#options = options;
	}

	get boards(): VirtualBoard[] {
		return [...this.#members.values()].map(({ base, engine, power, fault: { cut, delay } }) => ({
			base,
			engine,
			power,
			cut,
			delay,
		}));
	}

	/** The first board. Rejects with what keeps it from starting. */
	async start(): Promise<void> {
		await this.#start(this.#options.id, this.#options.board);
	}

	/** So many more, one after the other. */
	async add(count: number): Promise<void> {
		for (let i = 0; i < count && this.#members.size < MOST && !this.#closed; i++) {
			const { board, credentials } = this.#options;
			const id = this.#takeId();
			const description = { ...(board.description as object), id };
			const { wire: _wire, onEnd: _onEnd, trace: _trace, ...rest } = board;
			const tls = await credentials?.(id);
			const own = {
				description,
				engine: "node",
				data: this.#options.folder(id),
				...(tls && { tls }),
			} as const;
			await this.#start(id, { ...rest, ...own });
			await new Promise(done => setTimeout(done, STAGGER));
		}
	}

	/** Says goodbye and goes. Its state stays on the disk. */
	async remove(base: string): Promise<void> {
		const member = this.#member(base);
		this.#members.delete(base);
		await member.board.close();
		this.#options.onChange();
	}

	async set(
		base: string,
		{ power, cut, delay }: { power?: boolean; cut?: boolean; delay?: number },
	): Promise<void> {
		const member = this.#member(base);
		if (cut !== undefined) member.fault.cut = cut;
		if (delay !== undefined) member.fault.delay = delay;
		if (power !== undefined && power !== member.power) {
			member.power = power;
			if (power) await member.board.on();
			else member.board.kill();
		}
		this.#options.onChange();
	}

	async close(): Promise<void> {
		this.#closed = true;
		await Promise.all([...this.#members.values()].map(({ board }) => board.close()));
	}

	async #start(id: string, options: BoardOptions): Promise<void> {
		const { root, tap, onStart, onRaised, onPin, onChange, onTrouble } = this.#options;
		const base = `${root}/${id}`;
		onStart(base, options.data);
		const fault = new LinkFault();
		const board = await DeskBoard.start({
			onEnd: reason => onTrouble(`${id}: ${reason}`),
			...options,
			trace: line => {
				const alert = accepted.exec(line)?.[1];
				const raised = alert && idOf(encode(alert));
				if (raised) onRaised(base, raised);
				options.trace?.(line);
			},
			wire: device => {
				device.pins.watch(state => onPin(base, state));
				const own = options.wire?.(device) ?? device;
				return fault.in(tap ? onSockets(own, io => tapped(io, tap)) : own);
			},
		});
		this.#members.set(base, { id, base, engine: options.engine, board, fault, power: true });
		onChange();
	}

	/** The next id whose state no other desk is using. */
	#takeId(): string {
		for (let attempt = 0; ; attempt++) {
			const id = this.#nextId();
			try {
				lock(this.#options.folder(id));
				return id;
			} catch (error) {
				if (attempt === TRIES) throw error;
			}
		}
	}

	/** `desk-1`, `desk-2` …: the number at the end of the first id, counted on. */
	#nextId(): string {
		const { id, root } = this.#options;
		const [, stem = id, number = "1"] = /^(.*?)-?(\d*)$/.exec(id) ?? [];
		for (;;) {
			const next = `${stem}-${Number(number || 1) + this.#last++}`;
			if (!this.#members.has(`${root}/${next}`)) return next;
		}
	}

	#member(base: string): Member {
		const member = this.#members.get(base);
		if (!member) throw new Error(`no virtual board is called ${base}`);
		return member;
	}
}
