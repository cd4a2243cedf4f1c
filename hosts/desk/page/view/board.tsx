/** One board, opened: charts with thresholds, alerts by id, outputs with their way, commands, settings, what it says of itself. */

import { useEffect } from "preact/hooks";
import type { Alert, Board } from "../model/boards.js";
import type { Json } from "../model/json.js";
import { command, hrefOf, settled, writable } from "../store.js";
import { Chart, type Threshold } from "./chart.js";
import { Commands } from "./commands.js";
import { Entities } from "./entities.js";
import { moment, number } from "./format.js";
import { Icon } from "./icons.js";
import { learn } from "./learn.js";
import { useSeconds } from "./seen.js";
import { Settings } from "./settings.js";
import { Switch, WayLine } from "./switch.js";
import { Facts, Status, Value } from "./value.js";

export function Opened({ base, board }: { readonly base: string; readonly board: Board | undefined }) {
	return (
		<>
			<a class="back" href={hrefOf("boards")}>
				<Icon name="back" /> All boards
			</a>
			{board ? (
				<Whole board={board} />
			) : (
				<p class="empty">{settled.value ? `No board at this broker is called ${base}.` : "Connecting…"}</p>
			)}
		</>
	);
}

function Whole({ board }: { readonly board: Board }) {
	board.version.value;
	useSeconds(board, true);
	useEffect(() => learn(board));
	useEffect(() => {
		if (!board.online || !writable()) return;
		for (const cmd of ["info", "help"]) command(board, { cmd });
	}, [board]);
	const alerts = [...board.alerts.values()];
	return (
		<article class="opened" aria-label={board.base}>
			<header>
				<h1 class="title">
					<span class="root">{board.root}/</span>
					{board.id}
				</h1>
				<Status board={board} />
				<Facts board={board} />
			</header>
			<div class="stack">
				<section aria-label="Outputs" class="panel">
					<h2>Outputs</h2>
					{[...board.outputs.values()].map(output => (
						<div key={output.name} class="output">
							<Switch board={board} output={output} />
							<WayLine board={board} output={output} />
						</div>
					))}
					{board.outputs.size === 0 && <p class="empty">This board reports no output.</p>}
				</section>
				<Info board={board} />
			</div>
			<section aria-label="Alerts" class="panel">
				<h2>Alerts</h2>
				<Account board={board} />
				{alerts.map(alert => (
					<History key={alert.name} alert={alert} sensor={board.watches?.[alert.name]} />
				))}
				{alerts.length === 0 && <p class="empty">This board has no alert, or has not said so.</p>}
			</section>
			<section aria-label="Sensors" class="panel wide">
				<h2>Sensors</h2>
				<div class="curves">
					{board.sorted.map(sensor => (
						<div key={sensor.name} class="curve">
							<p class="now">
								<Value board={board} sensor={sensor} />
								<span class="more">
									{sensor.tsq === "uptime"
										? "shown by its arrival, for the board does not know the time. "
										: ""}
									{sensor.lost > 0 ? `${sensor.lost} lost on the way, as QoS 0 may be` : ""}
								</span>
							</p>
							<Chart
								version={board.version}
								series={sensor.series}
								label={sensor.name}
								unit={board.unit(sensor.name)}
								thresholds={thresholdsOf(board, sensor.name)}
							/>
						</div>
					))}
				</div>
				{board.sensors.size === 0 && <p class="empty">No measurement has come since this page was opened.</p>}
			</section>
			<Entities board={board} />
			<Commands board={board} />
			<Settings board={board} />
		</article>
	);
}

/** Lines for the thresholds of alerts on this sensor. */
function thresholdsOf(board: Board, sensor: string): Threshold[] {
	const alerts = board.config?.alerts as { readonly [name: string]: Json } | undefined;
	const found: Threshold[] = [];
	for (const [name, alert] of Object.entries(alerts ?? {})) {
		if (board.watches?.[name] !== sensor) continue;
		for (const key of ["above", "below"]) {
			const value = alert[key];
			if (typeof value === "number") found.push({ value, text: `${name}: ${key} ${number(value)}` });
		}
	}
	return found;
}

function Account({ board }: { readonly board: Board }) {
	const { distinct, repeated, missing } = board.ids;
	if (distinct === 0) return null;
	return (
		<p class="account">
			{distinct} seen · {repeated} delivered again ·{" "}
			{missing.length ? <b class="bad">not seen: {missing.slice(0, 20).join(", ")}</b> : "no gaps"}
		</p>
	);
}

function History({ alert, sensor }: { readonly alert: Alert; readonly sensor: unknown }) {
	const { name, on, edges } = alert;
	return (
		<>
			<p class={on ? "alert" : "alert calm"}>
				<span aria-hidden="true">{on ? "▲" : "○"}</span> <b>{name}</b>{" "}
				{on === undefined ? "state not retained" : on ? "ON" : "OFF"}
				{edges[0] && ` since ${moment(edges[0].ts)}`}
				{typeof sensor === "string" && <small> of {sensor}</small>}
			</p>
			{edges.length > 0 && (
				<div class="scroll" tabIndex={0} role="region" aria-label={`History of ${name}`}>
					<table>
						<thead>
							<tr>
								<th>time</th>
								<th>id</th>
								<th>state</th>
								<th class="right">value</th>
								<th>copies</th>
							</tr>
						</thead>
						<tbody>
							{edges.slice(0, 50).map(edge => (
								<tr key={edge.id}>
									<td>
										{moment(edge.ts)} {edge.tsq !== "ntp" && <small>{edge.tsq}</small>}
									</td>
									<td>{edge.id}</td>
									<td>
										{edge.on ? "ON" : "OFF"} {edge.severity && <small>{edge.severity}</small>}
									</td>
									<td class="right">{typeof edge.value === "number" ? number(edge.value) : "–"}</td>
									<td>{edge.copies > 1 ? <b>×{edge.copies}</b> : ""}</td>
								</tr>
							))}
						</tbody>
					</table>
				</div>
			)}
		</>
	);
}

/** What the board says of itself: its answer, or what it retained when it connected. */
function Info({ board: { info, informed } }: { readonly board: Board }) {
	return (
		<section aria-label="Info" class="panel about">
			<h2>Info</h2>
			{info ? (
				<>
					<p class="more">
						{informed === undefined
							? "as the board retained it when it connected: counters are of then"
							: `as the board said at ${moment(informed)}`}
					</p>
					<Values value={info} />
				</>
			) : (
				<p class="empty">Nothing retained.</p>
			)}
		</section>
	);
}

/** Names and values; what lies deeper unfolds. */
function Values({ value }: { readonly value: Json }) {
	const entries = Object.entries(value);
	const deep = (one: unknown): one is Json => typeof one === "object" && one !== null && !Array.isArray(one);
	return (
		<>
			<dl class="info">
				{entries.map(([key, one]) => (deep(one) ? null : <Pair key={key} name={key} value={String(one)} />))}
			</dl>
			{entries.map(
				([key, one]) =>
					deep(one) && (
						<details key={key}>
							<summary>{key}</summary>
							<Values value={one} />
						</details>
					),
			)}
		</>
	);
}

function Pair({ name, value }: { readonly name: string; readonly value: string }) {
	return (
		<>
			<dt>{name}</dt>
			<dd>{value}</dd>
		</>
	);
}
