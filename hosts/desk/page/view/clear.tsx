/** Clears what the broker keeps on a topic, or on all that a filter matches, after showing what would go. */

import { useSignal } from "@preact/signals";
import { isTopicFilter } from "../../../../modules/mqtt/codec.js";
import type { TestClient } from "../model/client.js";
import { preview, visible } from "../model/payload.js";
import { survey } from "../model/survey.js";
import type { Message } from "../mqtt/link.js";
import { broker, name, writable } from "../store.js";
import { plural } from "./format.js";

const SHOWN = 30;

export function Clear({ client }: { readonly client: TestClient }) {
	client.state.value;
	const filter = useSignal("");
	const found = useSignal<readonly Message[] | undefined>(undefined);
	const said = useSignal("");
	const look = async () => {
		said.value = "asking the broker…";
		found.value = undefined;
		try {
			found.value = await survey(broker, `page-${name}-look`, filter.value);
			said.value = "";
		} catch (error) {
			said.value = (error as Error).message;
		}
	};
	const clear = () => {
		const all = found.value ?? [];
		found.value = undefined;
		said.value = `${plural(all.length, "topic")} cleared`;
		for (const { topic } of all) client.publish(topic, new Uint8Array(), 1, true);
	};
	return (
		<details class="clear">
			<summary>Clear what is retained</summary>
			<form
				class="buttons"
				onSubmit={event => {
					event.preventDefault();
					look();
				}}
			>
				<input
					class="mono"
					aria-label="topic or filter to clear"
					placeholder="topic, or office/#"
					value={filter.value}
					onInput={event => {
						filter.value = event.currentTarget.value;
						found.value = undefined;
					}}
				/>
				<button type="submit" disabled={!isTopicFilter(filter.value)}>
					what would go?
				</button>
			</form>
			<p class="more" role="status">
				{said.value}
			</p>
			{found.value &&
				(found.value.length ? (
					<div class="ask">
						<ul class="mono goes">
							{found.value.slice(0, SHOWN).map(({ topic, payload, byteLength }) => (
								<li key={topic}>
									{visible(topic)} <small>{preview(payload, byteLength, 40)}</small>
								</li>
							))}
						</ul>
						{found.value.length > SHOWN && <p class="more">and {found.value.length - SHOWN} more</p>}
						<p class="buttons">
							<button type="button" class="danger" disabled={!client.online || !writable()} onClick={clear}>
								clear {plural(found.value.length, "topic")}
							</button>
							<button
								type="button"
								onClick={() => {
									found.value = undefined;
								}}
							>
								no
							</button>
						</p>
					</div>
				) : (
					<p class="more">The broker keeps nothing there.</p>
				))}
		</details>
	);
}
