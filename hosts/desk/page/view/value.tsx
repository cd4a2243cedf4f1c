/** What is said of a board and of its sensors in a word or two, on its card and where it is opened. */

import type { Board, Sensor } from "../model/boards.js";
import { connection } from "../store.js";
import { age, moment, number } from "./format.js";
import { useChanges } from "./seen.js";

/** Without the broker it is only known what the board was. */
export function Status({ board }: { readonly board: Board }) {
	const known = connection.value.state === "online";
	const word = board.online ? "online" : "offline";
	return (
		<span class={`status ${known ? word : "unknown"}`}>
			<span class="dot" aria-hidden="true" />
			{known ? word : `was ${word}`}
		</span>
	);
}

/** `esp32 · up 3 h · #14 · −61 dBm`. */
export function Facts({ board }: { readonly board: Board }) {
	useChanges(board);
	const { info, since, online } = board;
	const now = Date.now();
	const uptime = online ? board.uptime(now) : undefined;
	const facts = [
		typeof info?.host === "string" ? info.host : "",
		uptime !== undefined ? `up ${age(uptime)}` : "",
		typeof info?.boot === "number" ? `#${info.boot}` : "",
		typeof info?.signal === "number" ? `${String(info.signal).replace("-", "\u2212")} dBm` : "",
		!online && since !== undefined ? `since ${moment(since)}` : "",
	];
	return <p class="facts">{facts.filter(Boolean).join(" · ")}</p>;
}

/** The last value, its unit, and how old it is. One that stopped coming fades and says since when. */
export function Value({ board, sensor }: { readonly board: Board; readonly sensor: Sensor }) {
	useChanges(board);
	const silence = Date.now() - sensor.heard;
	const stopped = silence > sensor.series.gap * 2;
	return (
		<>
			<span class={`value${stopped ? " stopped" : ""}`}>
				{sensor.value === undefined ? "–" : number(sensor.value)}
			</span>
			<span class="unit">{board.unit(sensor.name)}</span>
			<span
				class={`age${stopped ? " stopped" : ""}`}
				title={stopped ? `silent since ${moment(sensor.heard)}` : ""}
			>
				{age(silence)}
			</span>
		</>
	);
}
