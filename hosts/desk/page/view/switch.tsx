/** A switch and a dimmer for an output, and the way of the last request: what was seen of it, in milliseconds. */

import { useEffect, useRef } from "preact/hooks";
import { mark } from "../model/beat.js";
import type { Board } from "../model/boards.js";
import type { Output } from "../model/output.js";
import { publish, writable } from "../store.js";
import { clock } from "./format.js";
import { useChanges } from "./seen.js";

export function request(board: Board, output: Output, on: boolean, brightness?: number): void {
	const at = Date.now();
	const { level, text, retain } = output.request(on, brightness, at);
	const way = output.way;
	publish(`${board.base}/${output.name}/${level}`, text, {
		QoS: 1,
		retain,
		onDone: error => {
			if (!way) return;
			if (error) way.refused = error;
			else way.taken = Date.now() - at;
			mark(board.version);
		},
	});
	mark(board.version);
}

export function Switch({ board, output }: { readonly board: Board; readonly output: Output }) {
	useChanges(board);
	const { reported, name } = output;
	const on = reported?.on ?? false;
	const pending = waits(output);
	const last = useRef(0);
	// A refusal for a live output is answered at once by the other way.
	useEffect(() => {
		const { way } = output;
		if (output.liveOnly && way && !way.live && way.refused !== undefined && last.current !== way.at) {
			last.current = way.at;
			request(board, output, JSON.parse(way.text).state === "ON");
		}
	});
	return (
		<div class="switch">
			<span class="name">{name}</span>
			<button
				type="button"
				role="switch"
				aria-checked={on}
				aria-label={`${name} of ${board.id}`}
				class={`toggle${pending ? " pending" : ""}`}
				disabled={!writable()}
				onClick={() => request(board, output, !on)}
			>
				<span class="knob" />
			</button>
			{output.dimmable ? (
				<input
					type="range"
					class={on ? "" : "off"}
					min={1}
					max={255}
					value={reported?.brightness ?? 255}
					aria-label={`brightness of ${name} of ${board.id}`}
					disabled={!writable()}
					onChange={event => request(board, output, true, Number(event.currentTarget.value))}
				/>
			) : (
				<span />
			)}
			<span class={on ? "value glow" : "value"}>
				{reported ? (on ? (output.dimmable ? percent(reported.brightness) : "on") : "off") : "unknown"}
			</span>
		</div>
	);
}

function percent(brightness = 255): string {
	return `${Math.max(1, Math.round((brightness / 255) * 100))} %`;
}

function waits({ way }: Output): boolean {
	return way !== undefined && way.reported === undefined && way.refused === undefined;
}

/** What has switched it, by `src` of its state (TOPICS.md). */
const causes: { readonly [src: string]: string } = {
	desired: "another request",
	set: "a live command (set)",
	local: "its button",
	failsafe: "its fail-safe",
	"power-on": "its start",
};
const by = (src: string) => causes[src] ?? (src || "the board");

/** What of a request is known that was made before the page was opened. */
function standing({ desired, reported }: Output): string {
	if (!desired) return reported?.ver === undefined ? "" : `ver ${reported.ver} was done, no request is kept`;
	const { ver } = desired;
	const kept = `request${ver === undefined ? "" : ` ver ${ver}`} kept by the broker`;
	if (!reported) return kept;
	if (ver !== undefined && (reported.ver ?? 0) < ver) return `${kept}, not reported yet`;
	if (reported.src === "desired" || reported.src === "") return `${kept} → reported`;
	return `${kept}, done; switched since by ${by(reported.src)}`;
}

const steps = [
	["taken", "at the broker"],
	["stored", "stored"],
	["done", "done"],
	["reported", "reported"],
] as const;

/** `requested 12:03:14.221 → at the broker +2 → stored +4 → done +6 → reported +11 ms`. */
export function WayLine({ board, output }: { readonly board: Board; readonly output: Output }) {
	useChanges(board);
	const { way } = output;
	if (!way) {
		const text = standing(output);
		return text ? <p class="way">{text}</p> : null;
	}
	return (
		<p
			class="way"
			data-way={way.refused !== undefined ? "refused" : way.reported !== undefined ? "reported" : "waits"}
		>
			<span>requested {clock(way.at, true)}</span>
			{steps.map(([key, word]) =>
				way[key] === undefined ? null : (
					<span key={key}>
						{" → "}
						{word} <b>+{way[key]}</b>
					</span>
				),
			)}
			{way.refused !== undefined && <b class="bad"> refused: {way.refused}</b>}
			{waits(output) && <span> → …</span>}
			{way.since && <span>{`; switched by ${by(way.since.src)} at ${clock(way.since.at)}`}</span>}
		</p>
	);
}
