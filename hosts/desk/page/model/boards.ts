/**
 * The boards that a broker knows, out of what they publish: a topic that ends in `/status` makes one, and what is below
 * the same name belongs to it. Nothing is asked for here. README's table of topics is what this reads.
 */

import type { Signal } from "@preact/signals";
import type { Message } from "../mqtt/link.js";
import { mark, version } from "./beat.js";
import { Ids } from "./ids.js";
import { type Json, objectOf, textOf } from "./json.js";
import { Output } from "./output.js";
import { type Place, placeOf } from "./place.js";
import { Series } from "./series.js";

export interface Sensor {
	readonly name: string;
	readonly series: Series;
	value: number | undefined;
	/** When the last message came, here. */
	heard: number;
	tsq: string;
	/** Values that QoS 0 lost, by `seq`. */
	lost: number;
	seq: number | undefined;
}

export interface Edge {
	readonly id: string;
	readonly on: boolean;
	readonly value: unknown;
	readonly ts: number;
	readonly tsq: string;
	readonly severity: string;
	/** When it came here first. */
	readonly at: number;
	copies: number;
}

export interface Alert {
	readonly name: string;
	/** Retained state; `undefined` until it is heard. */
	on: boolean | undefined;
	/** Newest first. */
	readonly edges: Edge[];
}

export interface Answer {
	readonly at: number;
	readonly value: Json;
}

const EDGES = 200;
const ANSWERS = 20;
/** Boards, and names of one kind on each: bounds under any load of messages. */
const MOST = 2000;
const NAMES = 200;

export class Board {
	/** `<root>/<id>`. */
	readonly base: string;
	readonly root: string;
	readonly id: string;
	readonly version: Signal<number> = version();
	online: boolean | undefined;
	/** When `status` came live; of a retained one nothing is known but that it was before. */
	since: number | undefined;
	info: Json | undefined;
	/** When `info` came, if it came live: its uptime is of then. */
	informed: number | undefined;
	config: Json | undefined;
	/** The sensor of each alert, as it says beside its configuration. */
	watches: Json | undefined;
	/** Commands that it allows, as it says when it is asked for help. */
	allowed: readonly string[] | undefined;
	/** It has been asked for its configuration. */
	asked = false;
	readonly sensors = new Map<string, Sensor>();
	readonly alerts = new Map<string, Alert>();
	readonly outputs = new Map<string, Output>();
	readonly ids = new Ids();
	/** Newest first. */
	readonly answers: Answer[] = [];

	constructor(base: string) {
		this.base = base;
		const slash = base.lastIndexOf("/");
		this.root = base.slice(0, slash);
		this.id = base.slice(slash + 1);
	}

	/** Milliseconds since the board started, if it can be told. */
	uptime(now: number): number | undefined {
		const uptime = this.info?.uptime;
		if (typeof uptime !== "number" || this.informed === undefined) return undefined;
		return uptime + now - this.informed;
	}

	unit(sensor: string): string {
		const unit = (this.config?.sensors as { [name: string]: Json } | undefined)?.[sensor]?.unit;
		return typeof unit === "string" ? unit : "";
	}

	/** By name, so that they stand in the same order on each board. */
	get sorted(): Sensor[] {
		return [...this.sensors.values()].sort((a, b) => a.name.localeCompare(b.name));
	}

	get burning(): Alert[] {
		return [...this.alerts.values()].filter(({ on }) => on);
	}
}

export class Boards {
	/** A recording is played: its time stamps are of then, so values are placed by their arrival. */
	replayed = false;
	readonly #all = new Map<string, Board>();
	/** Grows when a board comes, goes, or changes its status. */
	readonly version: Signal<number> = version();

	get(base: string): Board | undefined {
		return this.#all.get(base);
	}

	/** Those that have said a status, by name. */
	get list(): Board[] {
		return [...this.#all.values()]
			.filter(({ online }) => online !== undefined)
			.sort((a, b) => a.base.localeCompare(b.base, undefined, { numeric: true }));
	}

	receive(message: Message): void {
		const place = placeOf(message.topic);
		if (!place) return;
		let board = this.#all.get(place.base);
		if (!board) {
			if (this.#all.size >= MOST) return;
			board = new Board(place.base);
			this.#all.set(place.base, board);
		}
		this.#sort(board, place, message);
		mark(board.version);
	}

	#sort(board: Board, { kind, name }: Place, message: Message): void {
		const { payload, retain, at } = message;
		const empty = message.byteLength === 0;
		switch (kind) {
			case "status":
				this.#status(board, textOf(payload), retain ? undefined : at);
				break;
			case "info":
				inform(board, objectOf(payload), retain ? undefined : at);
				break;
			case "sensor":
				measured(board, name, objectOf(payload), at, this.replayed);
				break;
			case "alert":
				if (!retain) raised(board, name, objectOf(payload), at);
				break;
			case "alertState":
				alertOf(board, name).on = empty ? undefined : objectOf(payload)?.state === "ON";
				break;
			case "result":
				answered(board, objectOf(payload), at);
				break;
			case "state":
				outputOf(board, name).state(objectOf(payload), at);
				break;
			case "desired":
				outputOf(board, name).wanted(objectOf(payload));
		}
	}

	#status(board: Board, text: string | undefined, at: number | undefined): void {
		const online = text === "online" ? true : text === "offline" ? false : undefined;
		if (online === board.online) return;
		board.online = online;
		board.since = at;
		// Cleared: forgotten, or never a board.
		if (online === undefined) this.#all.delete(board.base);
		mark(this.version);
	}
}

function measured(board: Board, name: string, value: Json | undefined, at: number, replayed: boolean): void {
	if (!value) return;
	let sensor = board.sensors.get(name);
	if (!sensor) {
		if (board.sensors.size >= NAMES) return;
		sensor = { name, series: new Series(), value: undefined, heard: at, tsq: "", lost: 0, seq: undefined };
		board.sensors.set(name, sensor);
	}
	const { v, ts, tsq, dt, seq } = value;
	sensor.heard = at;
	sensor.tsq = typeof tsq === "string" ? tsq : "";
	const values = Array.isArray(v) ? v : [v];
	count(sensor, seq, values.length);
	// A board that does not know the time counts from its start: then the arrival is all there is.
	const known = typeof ts === "number" && tsq !== "uptime" && !replayed;
	const offsets = Array.isArray(dt) ? dt : [];
	const start = known ? ts : at - (typeof offsets.at(-1) === "number" ? offsets.at(-1) : 0);
	values.forEach((one, index) => {
		if (typeof one !== "number") return;
		const offset = offsets[index];
		sensor.series.add(start + (typeof offset === "number" ? offset : 0), one);
		sensor.value = one;
	});
}

function count(sensor: Sensor, seq: unknown, values: number): void {
	if (typeof seq !== "number") return;
	// A lower one is another start.
	if (sensor.seq !== undefined && seq > sensor.seq) sensor.lost += seq - sensor.seq;
	sensor.seq = seq + values;
}

/** `at`: when it came live; a retained one is of when the board connected, and older than an answer of the same start. */
function inform(board: Board, info: Json | undefined, at: number | undefined): void {
	const known = board.info;
	const older = at === undefined && board.informed !== undefined && known?.boot === info?.boot;
	if (info && older) return;
	board.info = info;
	board.informed = at;
}

function alertOf(board: Board, name: string): Alert {
	let alert = board.alerts.get(name);
	if (!alert) {
		alert = { name, on: undefined, edges: [] };
		if (board.alerts.size < NAMES) board.alerts.set(name, alert);
	}
	return alert;
}

function raised(board: Board, name: string, value: Json | undefined, at: number): void {
	if (!value || typeof value.id !== "string") return;
	const { id, state, v, ts, tsq, severity } = value;
	const alert = alertOf(board, name);
	if (!board.ids.add(id)) {
		const edge = alert.edges.find(edge => edge.id === id);
		if (edge) edge.copies++;
		return;
	}
	alert.edges.unshift({
		id,
		on: state === "ON",
		value: v,
		ts: typeof ts === "number" && tsq !== "uptime" ? ts : at,
		tsq: typeof tsq === "string" ? tsq : "",
		severity: typeof severity === "string" ? severity : "",
		at,
		copies: 1,
	});
	if (alert.edges.length > EDGES) alert.edges.pop();
}

function outputOf(board: Board, name: string): Output {
	let output = board.outputs.get(name);
	if (!output) {
		output = new Output(name);
		if (board.outputs.size < NAMES) board.outputs.set(name, output);
	}
	return output;
}

function answered(board: Board, value: Json | undefined, at: number): void {
	if (!value) return;
	board.answers.unshift({ at, value });
	if (board.answers.length > ANSWERS) board.answers.pop();
	if (typeof value.config === "object" && value.config) board.config = value.config as Json;
	if (typeof value.watches === "object" && value.watches) board.watches = value.watches as Json;
	if (typeof value.info === "object" && value.info) inform(board, value.info as Json, at);
	const { topic, help } = value;
	const words = (help as { readonly cmd?: unknown } | null | undefined)?.cmd;
	if (Array.isArray(words)) board.allowed = words.filter(word => typeof word === "string");
	if (typeof topic !== "string") return;
	const output = board.outputs.get(topic.slice(0, topic.lastIndexOf("/")));
	output?.answered(value, at);
}
