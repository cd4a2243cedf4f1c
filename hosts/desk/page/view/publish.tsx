/** Publishing: a message checked while it is typed, again every so often if wanted, kept as a button, and taken back. */

import { signal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { isTopicName } from "../../../../modules/mqtt/codec.js";
import type { Published, TestClient } from "../model/client.js";
import { textOf } from "../model/json.js";
import { bytesOf, type Form, formOf, preview, visible } from "../model/payload.js";
import { writable } from "../store.js";
import { Clear } from "./clear.js";
import { clock } from "./format.js";
import { Icon } from "./icons.js";

export interface Draft {
	readonly topic: string;
	readonly typed: string;
	readonly form: Form;
	readonly QoS: number;
	readonly retain: boolean;
}

interface Saved extends Draft {
	readonly name: string;
}

const draft = signal<Draft>({
	topic: "factory/1/machine/desk-1/lamp/set",
	typed: '{ "state": "ON" }',
	form: "json",
	QoS: 1,
	retain: false,
});
const saved = signal<readonly Saved[]>(stored());

function stored(): readonly Saved[] {
	try {
		return JSON.parse(localStorage.getItem("saved") ?? "[]");
	} catch {
		return [];
	}
}
function save(all: readonly Saved[]): void {
	saved.value = all;
	localStorage.setItem("saved", JSON.stringify(all));
}

export function Publish({ client }: { readonly client: TestClient }) {
	client.state.value;
	const every = useSignal("");
	const repeating = useSignal(false);
	const { topic, typed, form, QoS, retain } = draft.value;
	const read = bytesOf(typed, form);
	const good = isTopicName(topic) && "bytes" in read;
	const change = (more: Partial<Draft>) => {
		draft.value = { ...draft.value, ...more };
	};
	const period = Number(every.value);
	const ready = good && client.online && writable();
	useEffect(() => {
		if (!repeating.value || !ready) return;
		const handle = setInterval(() => publish(client, draft.value), period);
		return () => clearInterval(handle);
	}, [repeating.value, period, ready, client]);
	return (
		<section class="panel column" aria-label="Publish">
			<h2>Publish</h2>
			<form
				class="publish"
				onSubmit={event => {
					event.preventDefault();
					if (ready) publish(client, draft.value);
				}}
			>
				<label class="stacked">
					<span>Topic</span>
					<input class="mono" value={topic} onInput={event => change({ topic: event.currentTarget.value })} />
				</label>
				{topic !== "" && !isTopicName(topic) && (
					<p class="bad">+ and # are for filters: a message goes to one topic</p>
				)}
				<label class="stacked">
					<span>Payload</span>
					<textarea
						class="mono"
						rows={5}
						spellcheck={false}
						value={typed}
						onInput={event => change({ typed: event.currentTarget.value })}
					/>
				</label>
				<p class={"error" in read ? "bad" : "more"} role="status">
					{"error" in read
						? read.error
						: `${read.bytes.byteLength} bytes${form === "json" && typed.trim() ? ", JSON" : ""}`}
				</p>
				<p class="buttons">
					<select
						aria-label="Payload typed as"
						value={form}
						onInput={event => change({ form: event.currentTarget.value as Form })}
					>
						<option value="json">JSON</option>
						<option value="text">text</option>
						<option value="hex">hex</option>
					</select>
					<select
						aria-label="QoS of the message"
						value={QoS}
						onInput={event => change({ QoS: Number(event.currentTarget.value) })}
					>
						<option value={0}>QoS 0</option>
						<option value={1}>QoS 1</option>
						<option value={2}>QoS 2</option>
					</select>
					<label class="check">
						<input
							type="checkbox"
							checked={retain}
							onInput={event => change({ retain: event.currentTarget.checked })}
						/>
						retain
					</label>
				</p>
				<p class="buttons">
					<button type="submit" class="primary" disabled={!ready}>
						publish
					</button>
					<label class="check">
						every
						<input
							class="short"
							inputMode="numeric"
							placeholder="ms"
							value={every.value}
							aria-label="milliseconds between repeated publishes"
							onInput={event => {
								every.value = event.currentTarget.value;
								repeating.value = false;
							}}
						/>
					</label>
					<button
						type="button"
						aria-pressed={repeating.value}
						disabled={!ready || !(period >= 10)}
						onClick={() => {
							repeating.value = !repeating.value;
						}}
					>
						{repeating.value ? "stop" : "repeat"}
					</button>
				</p>
				{!client.online && <p class="more">Not connected: connect this client first.</p>}
				{!writable() && <p class="more">Read only: open the page with its token to publish.</p>}
			</form>
			<SavedOnes client={client} ready={client.online && writable()} />
			<History client={client} onPick={change} />
			<Clear client={client} />
		</section>
	);
}

function publish(client: TestClient, { topic, typed, form, QoS, retain }: Draft): void {
	const read = bytesOf(typed, form);
	if ("bytes" in read) client.publish(topic, read.bytes, QoS, retain);
}

function SavedOnes({ client, ready }: { readonly client: TestClient; readonly ready: boolean }) {
	const name = useSignal("");
	return (
		<div class="saved">
			<h3>Saved</h3>
			<p class="buttons">
				{saved.value.map(one => (
					<span key={one.name} class="pair">
						<button
							type="button"
							disabled={!ready}
							title={`${one.topic}  ${one.typed}`}
							onClick={() => publish(client, one)}
						>
							{one.name}
						</button>
						<button
							type="button"
							aria-label={`forget ${one.name}`}
							onClick={() => save(saved.value.filter(other => other !== one))}
						>
							<Icon name="close" />
						</button>
					</span>
				))}
			</p>
			<form
				class="buttons"
				onSubmit={event => {
					event.preventDefault();
					if (!name.value) return;
					save([
						...saved.value.filter(other => other.name !== name.value),
						{ ...draft.value, name: name.value },
					]);
					name.value = "";
				}}
			>
				<input
					aria-label="name of the button"
					placeholder="lamp on"
					value={name.value}
					onInput={event => {
						name.value = event.currentTarget.value;
					}}
				/>
				<button type="submit" disabled={!name.value}>
					save as a button
				</button>
			</form>
		</div>
	);
}

function History({
	client,
	onPick,
}: {
	readonly client: TestClient;
	readonly onPick: (draft: Draft) => void;
}) {
	client.version.value;
	if (client.published.length === 0) return null;
	return (
		<div>
			<h3>Published</h3>
			<ol class="history">
				{client.published.slice(0, 8).map((one, index) => (
					<li key={`${one.at}-${client.published.length - index}`}>
						<button type="button" class="pick" title="take it up again" onClick={() => onPick(draftOf(one))}>
							<span class="mono topic">{visible(one.topic)}</span>
							<small>
								{clock(one.at)} · QoS {one.QoS}
								{one.retain && ", retained"} · {preview(one.bytes, one.bytes.byteLength, 40)} ·{" "}
								<b class={one.outcome ? "bad" : "good"}>{outcome(one)}</b>
							</small>
						</button>
					</li>
				))}
			</ol>
		</div>
	);
}

function outcome({ outcome, QoS }: Published): string {
	if (outcome === undefined) return "…";
	if (outcome) return `✗ ${outcome}`;
	return QoS ? "✓ the broker has it" : "✓ sent";
}

function draftOf({ topic, bytes, QoS, retain }: Published): Draft {
	const form = bytes.byteLength ? formOf(bytes) : "text";
	const hex = () => [...bytes].map(byte => byte.toString(16).padStart(2, "0")).join(" ");
	return { topic, typed: form === "hex" ? hex() : (textOf(bytes) ?? ""), form, QoS, retain };
}
