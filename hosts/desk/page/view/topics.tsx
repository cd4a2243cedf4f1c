/** All topics that were heard, as a tree one can search, with the one that is picked beside it. */

import { type Signal, signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { seconds } from "../model/beat.js";
import { preview, visible } from "../model/payload.js";
import { survey } from "../model/survey.js";
import type { Topic } from "../model/topics.js";
import { broker, connection, hrefOf, name, route, topics } from "../store.js";
import { number, plural } from "./format.js";
import { Icon } from "./icons.js";
import { List } from "./list.js";
import { Detail } from "./topic.js";

const ROW = 32;
/** Topics whose branches are open, by name; the root's are. */
const opened: Signal<ReadonlySet<string>> = signal(new Set());
let unfolded = false;
let shown = "";

interface Branch {
	readonly topic: Topic;
	readonly depth: number;
	readonly open: boolean;
}

/** The rows that are to be seen, top to bottom. Found by a search, all that leads to a match is open. */
function branches(root: Topic, words: readonly string[]): Branch[] {
	const rows: Branch[] = [];
	const visit = (topic: Topic, depth: number): boolean => {
		const at = rows.length;
		const open = words.length > 0 || opened.value.has(topic.name);
		rows.push({ topic, depth, open });
		let found = words.every(word => topic.name.toLowerCase().includes(word));
		if (open) for (const child of sorted(topic)) found = visit(child, depth + 1) || found;
		if (words.length && !found) rows.length = at;
		return found;
	};
	for (const child of sorted(root)) visit(child, 0);
	return rows;
}

function sorted({ children }: Topic): Topic[] {
	return [...(children?.values() ?? [])].sort((a, b) =>
		a.level.localeCompare(b.level, undefined, { numeric: true }),
	);
}

/** A chain without a fork is of no use closed: opened down to the first one that has several. */
function unfold(): void {
	if (unfolded || !topics.root.children) return;
	unfolded = true;
	const names = new Set<string>();
	const visit = (topic: Topic, depth: number) => {
		if (depth > 4) return;
		if (topic !== topics.root) names.add(topic.name);
		for (const child of topic.children?.values() ?? []) if (child.children) visit(child, depth + 1);
	};
	visit(topics.root, 0);
	opened.value = names;
}

/** What leads to a topic is open when an address leads there. */
function reveal(detail: string): void {
	if (detail === shown) return;
	shown = detail;
	const levels = detail.split("/");
	const names = levels.slice(0, -1).map((_, index) => levels.slice(0, index + 1).join("/"));
	opened.value = new Set([...opened.value, ...names]);
}

/** Milliseconds between two questions to the broker what it keeps. */
const ASKED = 10_000;
let asked = Number.NEGATIVE_INFINITY;

async function askKept(): Promise<void> {
	if (connection.value.state !== "online" || performance.now() - asked < ASKED) return;
	asked = performance.now();
	try {
		topics.kept(await survey(broker, `page-${name}-kept`, "#"));
	} catch {
		// Then the marks are what was seen since the page was opened.
	}
}

export function TopicsView() {
	topics.version.value;
	const { state } = connection.value;
	useEffect(() => void askKept(), [state]);
	const search = useSignal("");
	unfold();
	const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
	const { detail } = route.value;
	reveal(detail);
	const rows = branches(topics.root, words);
	const picked = detail ? topics.get(detail) : undefined;
	return (
		<>
			<header class="heading">
				<h1 class="title">Topics</h1>
				<Totals />
			</header>
			<div class={picked ? "halves picked" : "halves"}>
				<section class="panel column" aria-label="Tree">
					<input
						type="search"
						placeholder="Search topics   /"
						aria-label="Search topics"
						value={search.value}
						onInput={event => {
							search.value = event.currentTarget.value;
						}}
					/>
					{rows.length === 0 && (
						<p class="empty">
							{words.length
								? `No topic has “${search.value}” in its name.`
								: "Nothing has been published yet."}
						</p>
					)}
					<div class="tree">
						<List
							label="Topics"
							count={rows.length}
							rowHeight={ROW}
							row={index => {
								const branch = rows[index] as Branch;
								return <Row key={branch.topic.name} {...branch} chosen={branch.topic === picked} />;
							}}
						/>
					</div>
				</section>
				{picked ? (
					<Detail key={picked.name} topic={picked} />
				) : (
					<section class="panel" aria-label="Topic">
						<p class="empty">
							{detail
								? `Nothing came on ${visible(detail)} yet.`
								: "Pick a topic to see its last message, what changed, and curves of its numbers."}
						</p>
					</section>
				)}
			</div>
		</>
	);
}

function Totals() {
	seconds.value;
	const { root, refused } = topics;
	return (
		<p class="more">
			{plural(root.topics, "topic")} · {plural(root.total, "message")} ·{" "}
			{number(Math.round(root.rate(Date.now()) * 10) / 10)} a second
			{refused > 0 && <b class="bad"> · {refused} messages on further topics not shown</b>}
		</p>
	);
}

function toggle(name: string): void {
	const names = new Set(opened.value);
	if (!names.delete(name)) names.add(name);
	opened.value = names;
}

function Row({ topic, depth, open, chosen }: Branch & { readonly chosen: boolean }) {
	topic.version.value;
	const { level, name, children, last } = topic;
	return (
		<div
			class={`branch${chosen ? " chosen" : ""}${topic.removed ? " removed" : ""}`}
			style={{ paddingLeft: `${depth * 18}px` }}
		>
			{children ? (
				<button
					type="button"
					class="quiet fold"
					aria-expanded={open}
					aria-label={`${open ? "close" : "open"} ${name}`}
					onClick={() => toggle(name)}
				>
					<Icon name="open" />
				</button>
			) : (
				<span class="fold" />
			)}
			<a href={hrefOf("topics", name)} title={name}>
				<span class="mono">{visible(level) || "(empty)"}</span>
				{children && !open && <small>{plural(topic.topics, "topic")}</small>}
				{topic.retained && <span class="tag kept">retained</span>}
				{topic.removed && <span class="tag">removed</span>}
				{last && !topic.removed && (
					<span class="mono last">{preview(last.payload, last.byteLength, 80)}</span>
				)}
			</a>
			<small class="right">{topic.total}</small>
		</div>
	);
}
