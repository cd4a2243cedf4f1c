/** One topic: its last message, what changed since the one before, and curves of the numbers in it. */

import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { seconds } from "../model/beat.js";
import { changes, numberAt, numbers } from "../model/diff.js";
import { parse, textOf } from "../model/json.js";
import { visible } from "../model/payload.js";
import { Series } from "../model/series.js";
import type { Topic } from "../model/topics.js";
import type { Message } from "../mqtt/link.js";
import { Chart } from "./chart.js";
import { age, clock, number } from "./format.js";
import { Kept } from "./kept.js";
import { Payload } from "./payload.js";

export function Detail({ topic }: { readonly topic: Topic }) {
	topic.version.value;
	const { name, last, previous, count, removed, retained } = topic;
	return (
		<section class="panel column" aria-label="Topic">
			<h2 class="mono topic">{visible(name)}</h2>
			<p class="more">
				{count} here, {topic.total} with all below {retained && <span class="tag kept">retained</span>}{" "}
				{removed && <span class="tag">removed</span>}
			</p>
			{last ? (
				<>
					<About message={last} />
					<Kept topic={name} payload={last.payload} />
					<Payload payload={last.payload} byteLength={last.byteLength} />
					{previous && <Changes before={previous} after={last} />}
					<Curves topic={topic} message={last} />
				</>
			) : (
				<p class="empty">No message on this topic itself, only below it.</p>
			)}
		</section>
	);
}

function About({ message: { at, QoS, retain } }: { readonly message: Message }) {
	seconds.value;
	return (
		<p class="more">
			{clock(at, true)}, {age(Date.now() - at)} ago · QoS {QoS} · {retain ? "kept copy" : "live"}
		</p>
	);
}

function Changes({ before, after }: { readonly before: Message; readonly after: Message }) {
	const [old, now] = [valueIn(before), valueIn(after)];
	const all = changes(old, now);
	return (
		<div>
			<h3>Changed since {clock(before.at, true)}</h3>
			{all.length === 0 ? (
				<p class="more">nothing</p>
			) : (
				<table class="changes">
					<tbody>
						{all.slice(0, 40).map(({ path, before, after }) => (
							<tr key={path}>
								<td class="mono">{visible(path)}</td>
								<td class="mono">{before === undefined ? <i>none</i> : <del>{visible(before)}</del>}</td>
								<td class="mono">{after === undefined ? <i>none</i> : <ins>{visible(after)}</ins>}</td>
							</tr>
						))}
					</tbody>
				</table>
			)}
		</div>
	);
}

/** JSON, or the text itself. */
function valueIn({ payload }: Message): unknown {
	const text = textOf(payload);
	if (text === undefined) return `${payload.byteLength} bytes`;
	return parse(text) ?? text;
}

function Curves({ topic, message }: { readonly topic: Topic; readonly message: Message }) {
	const value = valueIn(message);
	const paths = numbers(value).slice(0, 20);
	const chosen = useSignal("");
	const path = paths.includes(chosen.value)
		? chosen.value
		: (paths.find(one => one === "v" || one === "(value)") ?? "");
	const curves = useRef(new Map<string, Series>());
	useEffect(() => {
		for (const one of paths) {
			const found = numberAt(value, one);
			if (found === undefined) continue;
			let series = curves.current.get(one);
			if (!series) {
				series = new Series();
				curves.current.set(one, series);
			}
			series.add(message.at, found);
		}
	}, [message]);
	const series = curves.current.get(path);
	if (paths.length === 0) return null;
	return (
		<div>
			<h3>Curve of a number, since this was opened</h3>
			<p class="buttons">
				{paths.map(one => (
					<button
						key={one}
						type="button"
						class="mono"
						aria-pressed={one === path}
						onClick={() => {
							chosen.value = one;
						}}
					>
						{visible(one)} <small>{number(numberAt(value, one) ?? 0)}</small>
					</button>
				))}
			</p>
			{series && (
				<Chart key={path} version={topic.version} series={series} label={path} unit="" thresholds={[]} />
			)}
		</div>
	);
}
