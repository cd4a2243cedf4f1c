/**
 * What the board says may be changed, as a form: its answer to `config`, value by value. Only what was changed is sent;
 * a refusal is shown here in the board's words, and the values stay as they were typed.
 */

import { useSignal } from "@preact/signals";
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

export function Settings({ board }: { readonly board: Board }) {
	board.version.value;
	const { config } = board;
	const changes = useSignal<{ readonly [path: string]: unknown }>({});
	const sent = useSignal(0);
	const answer = board.answers.find(
		({ at, value }) => at >= sent.value && sent.value > 0 && value.cmd === "config",
	);
	const change = (path: string, value: unknown) => {
		changes.value = { ...changes.value, [path]: value };
	};
	const apply = () => {
		sent.value = Date.now();
		command(board, { cmd: "config", set: nested(changes.value) });
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
									changed={`${path}.${key}` in changes.value}
									onChange={next => change(`${path}.${key}`, next)}
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
								sent.value = 0;
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
	readonly value: unknown;
	readonly changed: boolean;
	readonly onChange: (value: unknown) => void;
}

function Field({ label, value, changed, onChange }: FieldProps) {
	const choice = words[label];
	const numeric = typeof value === "number";
	return (
		<label class={changed ? "field changed" : "field"}>
			<span>{label}</span>
			{choice ? (
				<select value={String(value)} onInput={event => onChange(event.currentTarget.value)}>
					{choice.map(word => (
						<option key={word}>{word}</option>
					))}
				</select>
			) : (
				<input
					inputMode={numeric ? "decimal" : "text"}
					value={typeof value === "string" ? value : JSON.stringify(value)}
					onInput={event => onChange(read(event.currentTarget.value, value))}
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

/** `{"sensors.temp.every": 500}` as `{"sensors":{"temp":{"every":500}}}`. */
function nested(changes: { readonly [path: string]: unknown }): Json {
	const result: { [key: string]: unknown } = {};
	for (const [path, value] of Object.entries(changes)) {
		const keys = path.split(".");
		const last = keys.pop() as string;
		let at = result;
		for (const key of keys) {
			at[key] ??= {};
			at = at[key] as { [key: string]: unknown };
		}
		at[last] = value;
	}
	return result;
}
