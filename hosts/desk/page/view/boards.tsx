/** All boards as cards, each drawn anew only when it says something and can be seen. One of them opened is board.tsx. */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Board, Sensor } from "../model/boards.js";
import { boards, connection, hrefOf, route, settled } from "../store.js";
import { Opened } from "./board.js";
import { Spark } from "./chart.js";
import { moment } from "./format.js";
import { learn } from "./learn.js";
import { Seen, useSeconds, useSeen } from "./seen.js";
import { Switch, WayLine } from "./switch.js";
import { Facts, Status, Value } from "./value.js";

/** Rows of a card; a board with more shows them when it is opened. */
const SENSORS = 4;

export function Boards() {
	boards.version.value;
	const { detail } = route.value;
	const opened = detail ? boards.get(detail) : undefined;
	if (detail) return <Opened base={detail} board={opened} />;
	const list = boards.list;
	return (
		<>
			<h1 class="title">Boards</h1>
			{list.length ? <Cards list={list} /> : <Empty />}
		</>
	);
}

function Cards({ list }: { readonly list: readonly Board[] }) {
	const search = useSignal("");
	const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
	const shown = list.filter(({ base }) => words.every(word => base.toLowerCase().includes(word)));
	return (
		<>
			{list.length > 6 && (
				<input
					type="search"
					class="search"
					placeholder="Search boards   /"
					aria-label="Search boards"
					value={search.value}
					onInput={event => {
						search.value = event.currentTarget.value;
					}}
				/>
			)}
			<div class="cards">
				{shown.map(board => (
					<Card key={board.base} board={board} />
				))}
			</div>
			{shown.length === 0 && <p class="empty">No board has “{search.value}” in its name.</p>}
		</>
	);
}

function Empty() {
	const { state } = connection.value;
	if (state !== "online") return <p class="empty">Not connected to the broker yet.</p>;
	if (!settled.value) return <p class="empty">Connecting…</p>;
	return (
		<div class="empty">
			<p>
				No board has said anything at this broker so far. One appears here when it publishes its status, under
				any root:
			</p>
			<pre>mosquitto_pub -r -q 1 -t attic/lamp-1/status -m online</pre>
			<p>A virtual one comes with</p>
			<pre>npm start</pre>
		</div>
	);
}

function Card({ board }: { readonly board: Board }) {
	const { seen, place } = useSeen();
	if (seen.value) board.version.value;
	useSeconds(board, seen.value);
	useEffect(() => {
		if (seen.value) learn(board);
	});
	const sensors = board.sorted;
	return (
		<Seen.Provider value={seen}>
			<article class={`card${board.online ? "" : " off"}`} ref={place} aria-label={board.base}>
				<header>
					<Status board={board} />
					<h2>
						<a href={hrefOf("boards", board.base)}>
							<span class="root">{board.root}/</span>
							<b>{board.id}</b>
						</a>
					</h2>
					<Facts board={board} />
				</header>
				<div class="sensors">
					{sensors.slice(0, SENSORS).map(sensor => (
						<SensorRow key={sensor.name} board={board} sensor={sensor} />
					))}
				</div>
				{sensors.length > SENSORS && <p class="more">and {sensors.length - SENSORS} more sensors</p>}
				<Alerts board={board} />
				{[...board.outputs.values()].map(output => (
					<div key={output.name} class="output">
						<Switch board={board} output={output} />
						<WayLine board={board} output={output} />
					</div>
				))}
			</article>
		</Seen.Provider>
	);
}

function SensorRow({ board, sensor }: { readonly board: Board; readonly sensor: Sensor }) {
	return (
		<div class="sensor">
			<span class="name">{sensor.name}</span>
			<Spark board={board} series={sensor.series} />
			<Value board={board} sensor={sensor} />
		</div>
	);
}

function Alerts({ board }: { readonly board: Board }) {
	const { missing, repeated } = board.ids;
	return (
		<>
			{board.burning.map(({ name, edges }) => (
				<p key={name} class="alert" role="status">
					<span aria-hidden="true">▲</span> <b>{name}</b> ON
					{edges[0]?.on ? ` since ${moment(edges[0].ts)}` : ""}
				</p>
			))}
			{missing.length + repeated > 0 && (
				<p class="more">
					{missing.length > 0 && <b class="bad">not seen: {missing.slice(0, 5).join(", ")} </b>}
					{repeated > 0 && `${repeated} delivered again`}
				</p>
			)}
		</>
	);
}
