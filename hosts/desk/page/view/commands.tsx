/** What `cmd` takes, as buttons, and what the board answered, in its own words. */

import { useSignal } from "@preact/signals";
import type { Answer, Board } from "../model/boards.js";
import { command, writable } from "../store.js";
import { clock } from "./format.js";

const plain = ["info", "config", "identify"] as const;

export function Commands({ board }: { readonly board: Board }) {
	board.version.value;
	const asking = useSignal<"" | "restart" | "forget">("");
	/** Until it has said what it allows, everything may be tried: it refuses in its own words. */
	const off = (cmd: string) => !writable() || board.allowed?.includes(cmd) === false;
	const why = (cmd: string) =>
		board.allowed?.includes(cmd) === false ? "this board's description does not allow it" : "";
	const send = (cmd: string) => {
		asking.value = "";
		command(board, { cmd });
	};
	return (
		<section aria-label="Commands" class="panel">
			<h2>Commands</h2>
			<p class="buttons">
				{plain.map(cmd => (
					<button key={cmd} type="button" title={why(cmd)} disabled={off(cmd)} onClick={() => send(cmd)}>
						{cmd}
					</button>
				))}
				{(["restart", "forget"] as const).map(cmd => (
					<button
						key={cmd}
						type="button"
						class="danger"
						title={why(cmd)}
						disabled={off(cmd)}
						onClick={() => {
							asking.value = cmd;
						}}
					>
						{cmd}…
					</button>
				))}
			</p>
			{asking.value && (
				<div class="ask" role="alertdialog" aria-label={`${asking.value} ${board.id}?`}>
					<p>
						{asking.value === "forget"
							? `${board.base} clears every topic it has ever retained, says goodbye and stays away until it is restarted.`
							: `${board.base} says goodbye and starts again. Its alerts and settings stay.`}
					</p>
					<p class="buttons">
						<button type="button" class="danger" onClick={() => send(asking.value)}>
							{asking.value} {board.id}
						</button>
						<button
							type="button"
							onClick={() => {
								asking.value = "";
							}}
						>
							no
						</button>
					</p>
				</div>
			)}
			<ol class="answers" aria-label="Answers">
				{board.answers.slice(0, 6).map(answer => (
					<Line key={`${answer.at}${JSON.stringify(answer.value)}`} answer={answer} />
				))}
			</ol>
		</section>
	);
}

function Line({ answer: { at, value } }: { readonly answer: Answer }) {
	const { ok, error, cmd, topic, cid: _cid, ...more } = value;
	const rest = Object.keys(more).length ? JSON.stringify(more) : "";
	return (
		<li>
			<time>{clock(at)}</time> <b class={ok ? "good" : "bad"}>{ok ? "✓ done" : "✗ refused"}</b>{" "}
			{String(cmd ?? topic ?? "")}
			{typeof error === "string" && <span>: {error}</span>}
			{rest && <small> {rest.length > 160 ? `${rest.slice(0, 160)}…` : rest}</small>}
		</li>
	);
}
