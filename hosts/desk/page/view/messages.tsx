/**
 * The log of one subscription, newest first. It stands still while the pointer is on it, or it is scrolled, and says how
 * many wait; a message that is picked is shown whole below.
 */

import { useSignal } from "@preact/signals";
import type { Subscription, TestClient } from "../model/client.js";
import { toCSV, toNDJSON } from "../model/export.js";
import type { Entry } from "../model/log.js";
import { preview, visible } from "../model/payload.js";
import { clock } from "./format.js";
import { Icon } from "./icons.js";
import { Kept } from "./kept.js";
import { List } from "./list.js";
import { Payload } from "./payload.js";
import { saveAs } from "./save.js";

const ROW = 50;
const capacities = [100, 1000, 5000];

interface Props {
	readonly client: TestClient;
	readonly subscription: Subscription | undefined;
}

export function Messages({ client, subscription }: Props) {
	client.version.value;
	if (!subscription)
		return (
			<section class="panel column" aria-label="Messages">
				<h2>Messages</h2>
				<p class="empty">Messages of the subscription that is chosen appear here, newest first.</p>
			</section>
		);
	return <LogOf key={subscription.filter} client={client} subscription={subscription} />;
}

function LogOf({
	client,
	subscription,
}: {
	readonly client: TestClient;
	readonly subscription: Subscription;
}) {
	client.version.value;
	const { log, filter } = subscription;
	const hovered = useSignal(false);
	const scrolled = useSignal(false);
	/** The newest entry that is shown while the list stands still. */
	const held = useSignal<number | undefined>(undefined);
	const picked = useSignal<Entry | undefined>(undefined);
	const still = hovered.value || scrolled.value;
	if (still && held.value === undefined) held.value = log.count;
	if (!still && held.value !== undefined) held.value = undefined;
	const entries = log.newest(held.value);
	const waiting = held.value === undefined ? 0 : log.count - held.value;
	return (
		<section class="panel column" aria-label="Messages">
			<header class="bar">
				<h2 class="mono">{visible(filter)}</h2>
				<span class="waiting" role="status">
					{waiting > 0 && `${waiting} wait`}
				</span>
				<button
					type="button"
					class="quiet"
					aria-pressed={subscription.paused}
					title={subscription.paused ? "go on" : "pause"}
					aria-label={subscription.paused ? "go on" : "pause"}
					onClick={() => {
						subscription.paused = !subscription.paused;
						subscription.missed = 0;
						client.version.value++;
					}}
				>
					<Icon name={subscription.paused ? "play" : "pause"} />
				</button>
				<button
					type="button"
					class="quiet"
					title="clear this log"
					aria-label="clear this log"
					onClick={() => {
						log.clear();
						picked.value = undefined;
						client.version.value++;
					}}
				>
					<Icon name="trash" />
				</button>
				<select
					aria-label="messages kept"
					value={log.capacity}
					onInput={event => {
						log.capacity = Number(event.currentTarget.value);
						client.version.value++;
					}}
				>
					{capacities.map(count => (
						<option key={count} value={count}>
							keep {count}
						</option>
					))}
				</select>
				<button type="button" onClick={() => saveAs("messages.ndjson", toNDJSON(log.newest().reverse()))}>
					NDJSON
				</button>
				<button type="button" onClick={() => saveAs("messages.csv", toCSV(log.newest().reverse()))}>
					CSV
				</button>
			</header>
			<div
				class="log"
				onMouseEnter={() => {
					hovered.value = true;
				}}
				onMouseLeave={() => {
					hovered.value = false;
				}}
			>
				<List
					label={`Messages on ${filter}`}
					count={entries.length}
					rowHeight={ROW}
					onScrolled={value => {
						scrolled.value = value;
					}}
					row={index => {
						const entry = entries[index] as Entry;
						return (
							<Row
								key={entry.number}
								entry={entry}
								colour={subscription.colour}
								chosen={picked.value?.number === entry.number}
								onPick={() => {
									picked.value = picked.value?.number === entry.number ? undefined : entry;
								}}
							/>
						);
					}}
				/>
				{entries.length === 0 && (
					<p class="empty over">
						{subscription.granted !== undefined && subscription.granted > 2
							? "The broker refused this filter."
							: "Nothing came yet."}
					</p>
				)}
			</div>
			{picked.value && <Whole entry={picked.value} />}
		</section>
	);
}

interface RowProps {
	readonly entry: Entry;
	readonly colour: number;
	readonly chosen: boolean;
	readonly onPick: () => void;
}

function Row({ entry, colour, chosen, onPick }: RowProps) {
	return (
		<button type="button" class={`message edge${colour}`} aria-pressed={chosen} onClick={onPick}>
			<span class="meta">
				<time>{clock(entry.at, true)}</time> <Flags entry={entry} />
				<span class="mono topic">{visible(entry.topic)}</span>
			</span>
			<span class="mono">{preview(entry.payload, entry.byteLength)}</span>
		</button>
	);
}

/** The retain flag as it was delivered: set, the broker had kept it from before; not set, it was published just now. */
function Flags({ entry: { QoS, retain, duplicate } }: { readonly entry: Entry }) {
	return (
		<span class="flags">
			QoS {QoS} <b class={retain ? "kept" : ""}>{retain ? "kept copy" : "live"}</b>
			{duplicate && <b class="bad"> duplicate</b>}
		</span>
	);
}

function Whole({ entry }: { readonly entry: Entry }) {
	return (
		<div class="whole">
			<p class="mono topic">{visible(entry.topic)}</p>
			<p class="more">
				{clock(entry.at, true)} · <Flags entry={entry} />
				{entry.id > 0 && ` · packet ${entry.id}`}
			</p>
			<Kept key={entry.topic} topic={entry.topic} payload={entry.payload} />
			<Payload payload={entry.payload} byteLength={entry.byteLength} />
		</div>
	);
}
