/**
 * What the board says may be changed, as a form: its answer to `config`, value by value. Only what was changed is sent;
 * a refusal is shown here in the board's words, and the values stay as they were typed.
 */

import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import type { Board } from "../model/boards.js";
import type { Json } from "../model/json.js";
import { command, writable } from "../store.js";

/** Where the words for a value are known. */
const words: { readonly [key: string]: readonly string[] } = {
	powerOn: ["last", "off", "desired"],
	aggregate: ["mean", "minimum", "maximum", "range"],
	severity: ["info", "warning", "critical"],
};
const milliseconds: readonly string[] = [
	"every",
	"maxSilence",
	"window",
	"faultAfter",
	"holdOn",
	"holdOff",
	"rearm",
	"failSafe",
	"stale",
	"over",
];

interface Changes {
	readonly [path: string]: string;
}

interface Sent {
	readonly at: number;
	readonly changes: Changes;
}

export function Settings({ board }: { readonly board: Board }) {
	board.version.value;
	const { config } = board;
	/** As they were typed, by path. */
	const changes = useSignal<Changes>({});
	const sent = useSignal<Sent | undefined>(undefined);
	const request = sent.value;
	const answer = request && board.answers.find(({ at, value }) => at >= request.at && value.cmd === "config");
	const stored = answer?.value.ok === true;
	useEffect(() => {
		if (!stored || !request) return;
		// The answer brought what the board holds now; what was typed since it was sent stays.
		const since = Object.entries(changes.value).filter(([path, text]) => request.changes[path] !== text);
		changes.value = Object.fromEntries(since);
	}, [stored, request, changes]);
	const apply = () => {
		if (!config) return;
		sent.value = { at: Date.now(), changes: changes.value };
		command(board, { cmd: "config", set: nested(changes.value, config) });
	};
	const count = Object.keys(changes.value).length;
	return (
		<section aria-label="Settings" class="panel">
			<h2>Settings</h2>
			{config ? (
				<form
					onSubmit={event => {
						event.preventDefault();
						apply();
					}}
				>
					{groups(config).map(({ path, name, values }) => (
						<fieldset key={path}>
							<legend>{name}</legend>
							{Object.entries(values).map(([key, value]) => (
								<Field
									key={key}
									label={key}
									value={value}
									typed={changes.value[`${path}.${key}`]}
									onType={text => {
										changes.value = { ...changes.value, [`${path}.${key}`]: text };
									}}
								/>
							))}
						</fieldset>
					))}
					<p class="buttons">
						<button type="submit" class="primary" disabled={count === 0 || !writable()}>
							apply{count ? ` ${count}` : ""}
						</button>
						<button
							type="button"
							disabled={count === 0}
							onClick={() => {
								changes.value = {};
								sent.value = undefined;
							}}
						>
							undo
						</button>
						{answer && <Said value={answer.value} />}
					</p>
				</form>
			) : (
				<p class="empty">
					{board.online ? "Asked for, no answer yet." : "The board is offline, and says nothing of them."}
				</p>
			)}
		</section>
	);
}

function Said({ value }: { readonly value: Json }) {
	return value.ok ? <b class="good">✓ stored</b> : <b class="bad">✗ {String(value.error)}</b>;
}

interface FieldProps {
	readonly label: string;
	/** What the board holds. */
	readonly value: unknown;
	/** What stands in the field instead, once it was changed. */
	readonly typed: string | undefined;
	readonly onType: (text: string) => void;
}

function Field({ label, value, typed, onType }: FieldProps) {
	const choice = words[label];
	const numeric = typeof value === "number";
	const shown = typed ?? (typeof value === "string" ? value : JSON.stringify(value));
	return (
		<label class={typed === undefined ? "field" : "field changed"}>
			<span>{label}</span>
			{choice ? (
				<select value={shown} onInput={event => onType(event.currentTarget.value)}>
					{choice.map(word => (
						<option key={word}>{word}</option>
					))}
				</select>
			) : (
				<input
					inputMode={numeric ? "decimal" : "text"}
					value={shown}
					onInput={event => onType(event.currentTarget.value)}
				/>
			)}
			<small>{milliseconds.includes(label) ? "ms" : ""}</small>
		</label>
	);
}

/** Empty goes back to what the description says. */
function read(text: string, before: unknown): unknown {
	if (text === "") return null;
	if (typeof before === "string") return text;
	try {
		return JSON.parse(text);
	} catch {
		return text;
	}
}

function groups(config: Json): { path: string; name: string; values: Json }[] {
	const found: { path: string; name: string; values: Json }[] = [];
	for (const [section, value] of Object.entries(config)) {
		if (typeof value !== "object" || value === null || section === "provision") continue;
		if (section === "lamp") {
			if (Object.keys(value).length) found.push({ path: "lamp", name: "lamp", values: value as Json });
			continue;
		}
		for (const [name, values] of Object.entries(value as Json))
			if (Object.keys(values as Json).length)
				found.push({
					path: `${section}.${name}`,
					name: `${section.replace(/s$/, "")} ${name}`,
					values: values as Json,
				});
	}
	return found;
}

/** `{"sensors.temp.every": "500"}` as `{"sensors":{"temp":{"every":500}}}`. */
function nested(changes: Changes, config: Json): Json {
	const result: { [key: string]: unknown } = {};
	for (const [path, text] of Object.entries(changes)) {
		const keys = path.split(".");
		const last = keys.pop() as string;
		let at = result;
		let before = config as Json | undefined;
		for (const key of keys) {
			at[key] ??= {};
			at = at[key] as { [key: string]: unknown };
			before = before?.[key] as Json | undefined;
		}
		at[last] = read(text, before?.[last]);
	}
	return result;
}
