/** Packets between the broker and its clients, as they pass, each with what it answers. */

import { signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { WireLine } from "../../web/protocol.js";
import { ask, hello, listen, returns } from "../desk.js";
import { Packets } from "../model/packets.js";
import { visible } from "../model/payload.js";
import { bytes, clock } from "./format.js";
import { List } from "./list.js";

/** Pixels: a line, or two on a phone (style/narrow.css). */
const ROW = 30;
const TALL = 50;
const phone = matchMedia("(max-width: 720px)");
const narrow = signal(phone.matches);
phone.addEventListener("change", ({ matches }) => {
	narrow.value = matches;
});
const packets = new Packets();
listen(message => {
	if (message.type === "wire") packets.add(message.lines, message.skipped);
	else if (message.type === "hello") packets.clear();
});

const kinds = ["all", "PUBLISH and answers", "connections", "without pings"] as const;
type Kind = (typeof kinds)[number];

function belongs({ packet }: WireLine, kind: Kind): boolean {
	if (kind === "all") return true;
	if (kind === "without pings") return !packet.startsWith("PING");
	if (kind === "connections") return /^(CONN|DISC)/.test(packet);
	return /^PUB/.test(packet);
}

export function Wire() {
	const own = hello.value?.own ?? true;
	useEffect(() => {
		const watch = () => ask({ type: "watch", wire: true });
		watch();
		returns.add(watch);
		return () => {
			returns.delete(watch);
			ask({ type: "watch", wire: false });
		};
	}, []);
	return (
		<>
			<header class="heading">
				<h1 class="title">Wire</h1>
				<p class="more">
					{own
						? "MQTT packets between the broker and each client, newest first; the page's own are left out"
						: "MQTT packets between this desk's boards and the broker, newest first"}
				</p>
			</header>
			<Packet />
		</>
	);
}

function Packet() {
	packets.version.value;
	const search = useSignal("");
	const kind = useSignal<Kind>("without pings");
	const held = useSignal<number | undefined>(undefined);
	const hovered = useSignal(false);
	const scrolled = useSignal(false);
	const picked = useSignal<WireLine | undefined>(undefined);
	const newest = packets.lines.at(-1)?.number ?? 0;
	const still = hovered.value || scrolled.value;
	if (still && held.value === undefined) held.value = newest;
	if (!still && held.value !== undefined) held.value = undefined;
	const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
	const found = packets.lines.filter(
		line => belongs(line, kind.value) && words.every(word => textIn(line).includes(word)),
	);
	// An empty list has nothing to hold still: the first to come is shown.
	if (still && found[0] && held.value !== undefined && found[0].number > held.value) held.value = newest;
	const limit = held.value ?? newest;
	const shown = found.filter(({ number }) => number <= limit).reverse();
	const chain = picked.value ? chainOf(picked.value) : new Set<number>();
	return (
		<section class="panel column" aria-label="Packets">
			<div class="bar">
				<input
					type="search"
					placeholder="Search: board, packet, topic   /"
					aria-label="Search packets"
					value={search.value}
					onInput={event => {
						search.value = event.currentTarget.value;
					}}
				/>
				<select
					aria-label="packets shown"
					value={kind.value}
					onInput={event => {
						kind.value = event.currentTarget.value as Kind;
					}}
				>
					{kinds.map(one => (
						<option key={one}>{one}</option>
					))}
				</select>
				<span class="waiting" role="status">
					{found.length > shown.length && `${found.length - shown.length} wait`}
				</span>
				{packets.skipped > 0 && <small>{packets.skipped} not shown, there were too many</small>}
			</div>
			<div
				class="wire"
				onMouseEnter={() => {
					hovered.value = true;
				}}
				onMouseLeave={() => {
					hovered.value = false;
				}}
			>
				<List
					label="Packets, newest first"
					count={shown.length}
					rowHeight={narrow.value ? TALL : ROW}
					onScrolled={value => {
						scrolled.value = value;
					}}
					row={index => {
						const line = shown[index] as WireLine;
						return (
							<Row
								key={line.number}
								line={line}
								joined={chain.has(line.number)}
								onPick={() => {
									picked.value = picked.value?.number === line.number ? undefined : line;
								}}
							/>
						);
					}}
				/>
				{shown.length === 0 && <p class="empty over">No packet of this kind has passed yet.</p>}
			</div>
		</section>
	);
}

function textIn({ client, packet, topic = "", text = "", id }: WireLine): string {
	return `${client} ${packet} ${topic} ${text} ${id ?? ""}`.toLowerCase();
}

/** The numbers of all packets of one exchange. */
function chainOf(line: WireLine): ReadonlySet<number> {
	const first = packets.askedBy(line) ?? line;
	const all = packets.lines.filter(({ answers }) => answers === first.number);
	return new Set([first.number, ...all.map(({ number }) => number)]);
}

/** Without what the client's own topics have in common: who it is stands beside it. */
function below(topic: string, client: string): string {
	const at = topic.indexOf(`/${client}/`);
	return at < 0 ? topic : `…${topic.slice(at + client.length + 1)}`;
}

interface RowProps {
	readonly line: WireLine;
	readonly joined: boolean;
	readonly onPick: () => void;
}

function Row({ line, joined, onPick }: RowProps) {
	const { at, client, direction, packet, id, topic, text, QoS, duplicate, retain } = line;
	const asked = packets.askedBy(line);
	const answer = packets.answerTo(line);
	const waits = !answer && ((packet === "PUBLISH" && (QoS ?? 0) > 0) || /^(UN)?SUBSCRIBE$/.test(packet));
	return (
		<button type="button" class={`packet${joined ? " joined" : ""}`} aria-pressed={joined} onClick={onPick}>
			<time>{clock(at, true)}</time>
			<span class="client">{client}</span>
			<span class={`way-${direction}`}>
				{direction === "in" ? "→" : "←"}
				<span class="far"> broker</span>
			</span>
			<b>{packet}</b>
			<span class="id">{id === undefined ? "" : `#${id}`}</span>
			<span class="mono rest">
				{QoS !== undefined && <i>QoS {QoS}</i>} {duplicate && <b class="bad">DUP</b>}{" "}
				{retain && <i>retain</i>}{" "}
				{topic !== undefined && <span title={visible(topic)}>{visible(below(topic, client))}</span>}{" "}
				{text !== undefined && <small>{visible(text)}</small>}
			</span>
			<small>
				{asked && `answers ${asked.packet} after ${at - asked.at} ms`}
				{answer && `${answer.packet} after ${answer.at - at} ms`}
				{waits && "not answered yet"}
				{!asked && !answer && !waits && bytes(line.bytes)}
			</small>
		</button>
	);
}
