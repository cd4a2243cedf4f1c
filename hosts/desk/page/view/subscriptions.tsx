/** The filters of a client, each with its colour, and a new one: explained while it is typed. */

import { useSignal } from "@preact/signals";
import { isTopicFilter } from "../../../../modules/mqtt/codec.js";
import type { Subscription, TestClient } from "../model/client.js";
import { examples } from "../model/examples.js";
import { matches } from "../model/match.js";
import { visible } from "../model/payload.js";
import { topics } from "../store.js";
import { plural } from "./format.js";
import { Icon } from "./icons.js";

interface Props {
	readonly client: TestClient;
	readonly selected: Subscription | undefined;
	readonly onSelect: (subscription: Subscription) => void;
}

export function Subscriptions({ client, selected, onSelect }: Props) {
	client.version.value;
	const filter = useSignal("");
	const QoS = useSignal(0);
	const text = filter.value;
	const good = isTopicFilter(text);
	const add = () => {
		client.subscribe(text, QoS.value);
		const added = client.subscriptions.find(one => one.filter === text);
		if (added) onSelect(added);
		filter.value = "";
	};
	return (
		<section class="panel column" aria-label="Subscriptions">
			<h2>Subscriptions</h2>
			<form
				class="subscribe"
				onSubmit={event => {
					event.preventDefault();
					if (good) add();
				}}
			>
				<input
					class="mono"
					aria-label="Topic filter"
					placeholder="topic filter, factory/+/machine/#"
					value={text}
					onInput={event => {
						filter.value = event.currentTarget.value;
					}}
				/>
				<select
					aria-label="QoS of the subscription"
					value={QoS.value}
					onInput={event => {
						QoS.value = Number(event.currentTarget.value);
					}}
				>
					{[0, 1, 2].map(level => (
						<option key={level} value={level}>
							QoS {level}
						</option>
					))}
				</select>
				<button type="submit" class="primary" disabled={!good}>
					subscribe
				</button>
			</form>
			{text && <Explained filter={text} />}
			<ul class="filters">
				{client.subscriptions.map(one => (
					<li key={one.filter} class={one === selected ? "chosen" : ""}>
						<button type="button" class="pick" aria-pressed={one === selected} onClick={() => onSelect(one)}>
							<span class={`swatch colour${one.colour}`} aria-hidden="true" />
							<span class="mono">{visible(one.filter)}</span>
							<small>
								{granted(one)} · {one.log.count}
								{one.paused && ` · paused, ${one.missed} passed`}
							</small>
						</button>
						<button
							type="button"
							class="quiet"
							aria-label={`unsubscribe ${one.filter}`}
							title="unsubscribe"
							onClick={() => client.unsubscribe(one)}
						>
							<Icon name="close" />
						</button>
					</li>
				))}
			</ul>
			{client.subscriptions.length === 0 && (
				<p class="empty">
					No subscription yet. <code>#</code> is everything but the broker's own.
				</p>
			)}
			<details class="worked">
				<summary>How filters match: two worked examples</summary>
				{examples.map(({ topics: names, filters }) => (
					<Worked
						key={filters[0]}
						names={names}
						filters={filters}
						onPick={value => {
							filter.value = value;
						}}
					/>
				))}
			</details>
		</section>
	);
}

function granted({ granted, QoS }: Subscription): string {
	if (granted === undefined) return `QoS ${QoS}`;
	if (granted > 2) return "refused by the broker";
	return granted === QoS ? `QoS ${QoS}` : `QoS ${granted}, asked for ${QoS}`;
}

const SHOWN = 8;

/** What is wrong with it, or which of the topics seen so far match. */
function Explained({ filter }: { readonly filter: string }) {
	topics.version.value;
	if (!isTopicFilter(filter)) return <p class="explained bad">{wrong(filter)}</p>;
	const names = topics.names();
	const found = names.filter(one => matches(filter, one));
	return (
		<div class="explained">
			<p>
				matches <b>{found.length}</b> of {plural(names.length, "topic")} seen
			</p>
			<ul class="mono">
				{found.slice(0, SHOWN).map(one => (
					<li key={one}>{visible(one)}</li>
				))}
			</ul>
			{found.length > SHOWN && <small>and {found.length - SHOWN} more</small>}
		</div>
	);
}

function wrong(filter: string): string {
	const levels = filter.split("/");
	const hash = levels.findIndex(level => level.includes("#"));
	if (filter.includes("\0")) return "U+0000 may not be in a filter";
	if (hash >= 0 && levels[hash] !== "#") return "# stands alone in its level";
	if (hash >= 0 && hash < levels.length - 1) return "# is the last level, or there is none";
	return "+ stands alone in its level: it is any one level";
}

interface WorkedProps {
	readonly names: readonly string[];
	readonly filters: readonly string[];
	readonly onPick: (filter: string) => void;
}

function Worked({ names, filters, onPick }: WorkedProps) {
	return (
		<>
			<ol class="numbered mono">
				{names.map(one => (
					<li key={one}>{one}</li>
				))}
			</ol>
			<table>
				<thead>
					<tr>
						<th>filter</th>
						<th>matches</th>
					</tr>
				</thead>
				<tbody>
					{filters.map(filter => (
						<tr key={filter}>
							<td>
								<button type="button" class="quiet mono" onClick={() => onPick(filter)}>
									{filter}
								</button>
							</td>
							<td>{names.flatMap((one, index) => (matches(filter, one) ? [index + 1] : [])).join(", ")}</td>
						</tr>
					))}
				</tbody>
			</table>
		</>
	);
}
