/** Whether the broker keeps a message on a topic, which a live message does not tell: asked for when wanted. */

import { useSignal } from "@preact/signals";
import { preview } from "../model/payload.js";
import { survey } from "../model/survey.js";
import { broker, name } from "../store.js";

export function Kept({ topic, payload }: { readonly topic: string; readonly payload: Uint8Array }) {
	const found = useSignal("");
	const look = async () => {
		found.value = "asking…";
		try {
			const [kept] = await survey(broker, `page-${name}-look`, topic);
			if (!kept) found.value = "the broker keeps nothing here";
			else if (same(kept.payload, payload)) found.value = "the broker keeps this message";
			else found.value = `the broker keeps another one: ${preview(kept.payload, kept.byteLength, 80)}`;
		} catch (error) {
			found.value = (error as Error).message;
		}
	};
	return (
		<p class="buttons">
			<button type="button" onClick={look}>
				what does the broker keep here?
			</button>
			<span class="more" role="status">
				{found.value}
			</span>
		</p>
	);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
	return a.byteLength === b.byteLength && a.every((byte, index) => byte === b[index]);
}
