/** A payload as formatted JSON, text or hex. It is only ever text on this page, HTML included. */

import { useSignal } from "@preact/signals";
import { parse, textOf } from "../model/json.js";
import { type Form, formOf, hexDump, visible } from "../model/payload.js";
import { bytes } from "./format.js";

/** Characters that are shown; the rest is counted. */
const SHOWN = 20_000;
const DUMPED = 4096;
const forms = ["json", "text", "hex"] as const;
const titles = { json: "JSON", text: "Text", hex: "Hex" } as const;

export function Payload({
	payload,
	byteLength,
}: {
	readonly payload: Uint8Array;
	readonly byteLength: number;
}) {
	const chosen = useSignal<Form | undefined>(undefined);
	const text = textOf(payload);
	const value = text === undefined ? undefined : parse(text);
	const can = { json: value !== undefined, text: text !== undefined, hex: true };
	const form = chosen.value && can[chosen.value] ? chosen.value : formOf(payload);
	return (
		<div class="payload">
			<p class="buttons">
				<span class="choice" role="group" aria-label="Payload as">
					{forms.map(name => (
						<button
							key={name}
							type="button"
							aria-pressed={form === name}
							disabled={!can[name]}
							onClick={() => {
								chosen.value = name;
							}}
						>
							{titles[name]}
						</button>
					))}
				</span>
				<small>
					{bytes(byteLength)}
					{payload.byteLength < byteLength && `, the first ${bytes(payload.byteLength)} kept`}
				</small>
			</p>
			<pre tabIndex={0}>
				{byteLength === 0 ? (
					<i>empty</i>
				) : form === "json" ? (
					<Formatted value={value} />
				) : (
					shown(payload, text, form)
				)}
			</pre>
		</div>
	);
}

function shown(payload: Uint8Array, text: string | undefined, form: Form): string {
	if (form === "hex" || text === undefined) {
		const rest = payload.byteLength > DUMPED ? `\n… ${bytes(payload.byteLength - DUMPED)} more` : "";
		return hexDump(payload, DUMPED) + rest;
	}
	return cut(text.split("\n").map(visible).join("\n"));
}

function cut(text: string): string {
	return text.length > SHOWN ? `${text.slice(0, SHOWN)}\n… ${text.length - SHOWN} characters more` : text;
}

const token = /("(?:\\.|[^"\\])*")(\s*:)?|\b(?:true|false|null)\b|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/** Indented, with keys, texts and numbers told apart. */
function Formatted({ value }: { readonly value: unknown }) {
	const text = cut(JSON.stringify(value, undefined, 2));
	const parts = [];
	let end = 0;
	for (const found of text.matchAll(token)) {
		const [whole, string, colon] = found;
		if (found.index > end) parts.push(text.slice(end, found.index));
		const kind = colon ? "key" : string ? "string" : "number";
		parts.push(
			<span key={found.index} class={kind}>
				{visible(whole)}
			</span>,
		);
		end = found.index + whole.length;
	}
	parts.push(text.slice(end));
	return <>{parts}</>;
}
