/** Faults for virtual boards and the desk's own broker, each with what should follow, and the account of alerts beside it. */

import { useSignal } from "@preact/signals";
import type { Account, VirtualBoard } from "../../web/protocol.js";
import { account, ask, failure, hello, state } from "../desk.js";
import { hrefOf, writable } from "../store.js";
import { plural } from "./format.js";

export function Faults() {
	const { boards = [], broker } = state.value ?? {};
	return (
		<>
			<header class="heading">
				<h1 class="title">Faults</h1>
				<p class="more">
					in all that is done here, each alert that a board has accepted is in its outbox or delivered:{" "}
					<b>lost 0</b>
				</p>
			</header>
			{failure.value && (
				<p class="alert" role="alert">
					✗ {failure.value}
				</p>
			)}
			<div class="faults">
				<Broker broker={broker} />
				<Legend />
			</div>
			<Boards boards={boards} />
		</>
	);
}

function Broker({
	broker,
}: {
	readonly broker: { readonly running: boolean; readonly refusing: boolean } | undefined;
}) {
	if (!broker)
		return (
			<section class="panel column" aria-label="Broker">
				<h2>Broker</h2>
				<p class="empty">
					{hello.value?.broker} is not this desk's, so nothing can be done to it from here. Started without{" "}
					<code>--broker</code> the desk brings one of its own.
				</p>
			</section>
		);
	const { running, refusing } = broker;
	return (
		<section class="panel column" aria-label="Broker">
			<h2>Broker</h2>
			<Fault
				label={running ? "stop the broker" : "start the broker"}
				on={!running}
				follows={
					running
						? "Boards go offline and try again by themselves, ever more slowly, up to a minute. Alerts stay in their outbox; lamps keep their state."
						: "Boards come back one by one, and deliver what they hold, in its order."
				}
				onClick={() => ask({ type: "broker", running: !running })}
			/>
			<Fault
				label="forget all sessions"
				follows="Every connection ends; CONNACK says Session Present 0, boards subscribe anew and send again what was not acknowledged."
				onClick={() => ask({ type: "broker", forget: true })}
			/>
			<Fault
				label={refusing ? "accept again" : "refuse boards"}
				on={refusing}
				follows={
					refusing
						? "Boards are accepted at their next try."
						: "CONNACK 3, server unavailable: boards try again, ever more slowly. The page stays connected."
				}
				onClick={() => ask({ type: "broker", refusing: !refusing })}
			/>
		</section>
	);
}

interface FaultProps {
	readonly label: string;
	readonly on?: boolean;
	readonly follows: string;
	readonly onClick: () => void;
}

function Fault({ label, on, follows, onClick }: FaultProps) {
	return (
		<div class="fault">
			<button type="button" class={on ? "danger" : ""} disabled={!writable()} onClick={onClick}>
				{label}
			</button>
			<p class="more">{follows}</p>
		</div>
	);
}

function Legend() {
	const total = account.value?.total;
	return (
		<section class="panel column" aria-label="Account">
			<h2>Account of all boards' alerts</h2>
			<dl class="sums">
				<Sum name="raised" value={total?.raised} text="accepted by a board's firmware" />
				<Sum name="held" value={total?.held} text="in a board's outbox, in flash" />
				<Sum name="delivered" value={total?.delivered} text="arrived at the desk's own subscriber" />
				<Sum
					name="lost"
					value={total?.lost}
					text="a later one was delivered, and it is neither held nor delivered"
					bad={Boolean(total?.lost)}
				/>
				<Sum name="repeated" value={total?.repeated} text="delivered again with the same id, as QoS 1 may" />
			</dl>
		</section>
	);
}

interface SumProps {
	readonly name: string;
	readonly value: number | undefined;
	readonly text: string;
	readonly bad?: boolean;
}

function Sum({ name, value, text, bad }: SumProps) {
	return (
		<>
			<dt class={bad ? "bad" : ""}>
				{name} <b data-sum={name}>{value ?? "–"}</b>
			</dt>
			<dd>{text}</dd>
		</>
	);
}

const none: Account = { raised: 0, held: 0, delivered: 0, lost: 0, repeated: 0 };

function Boards({ boards }: { readonly boards: readonly VirtualBoard[] }) {
	const count = useSignal("5");
	const number = Number(count.value);
	return (
		<section class="panel column" aria-label="Virtual boards">
			<header class="bar">
				<h2>{plural(boards.length, "virtual board")}</h2>
				<form
					class="buttons"
					onSubmit={event => {
						event.preventDefault();
						ask({ type: "add", count: number });
					}}
				>
					<input
						class="short"
						inputMode="numeric"
						aria-label="how many boards to add"
						value={count.value}
						onInput={event => {
							count.value = event.currentTarget.value;
						}}
					/>
					<button type="submit" disabled={!writable() || !(number >= 1 && number <= 200)}>
						add boards
					</button>
				</form>
			</header>
			<ul class="virtual">
				{boards.map(board => (
					<Board key={board.base} board={board} account={account.value?.boards[board.base] ?? none} />
				))}
			</ul>
			{boards.length === 0 && (
				<p class="empty">
					No virtual boards here. <code>npm start -- --boards 5</code> starts five.
				</p>
			)}
		</section>
	);
}

const delays = [0, 100, 500, 2000];

function Board({ board, account: sums }: { readonly board: VirtualBoard; readonly account: Account }) {
	const { base, engine, power, cut, delay } = board;
	const off = !writable();
	return (
		<li class="row" data-board={base}>
			<span class="who">
				<a href={hrefOf("boards", base)}>{base.slice(base.lastIndexOf("/") + 1)}</a> <small>{engine}</small>
			</span>
			<button
				type="button"
				class={power ? "" : "danger"}
				disabled={off}
				title={
					power
						? "Cut in the middle of its work. The broker publishes its will, offline; what its flash holds stays."
						: "It starts, is online again, and delivers what its flash holds."
				}
				onClick={() => ask({ type: "board", base, power: !power })}
			>
				{power ? "cut the power" : "power on"}
			</button>
			<button
				type="button"
				class={cut ? "danger" : ""}
				disabled={off || !power}
				title={
					cut
						? "It connects again and delivers what it holds."
						: "It goes on sampling and switching, holds its alerts, and tries again."
				}
				onClick={() => ask({ type: "board", base, cut: !cut })}
			>
				{cut ? "join the link" : "cut the link"}
			</button>
			<select
				aria-label={`delay of the link of ${base}`}
				disabled={off || !power}
				value={delay}
				title="Each way. Alerts are acknowledged later, several are in flight; nothing is sent twice."
				onInput={event => ask({ type: "board", base, delay: Number(event.currentTarget.value) })}
			>
				{delays.map(one => (
					<option key={one} value={one}>
						{one ? `slow: ${one} ms` : "link at full speed"}
					</option>
				))}
			</select>
			<span class="sums-line">
				raised {sums.raised} · held {sums.held} · delivered {sums.delivered} ·{" "}
				<span class={sums.lost ? "bad" : ""}>lost {sums.lost}</span> · repeated {sums.repeated}
			</span>
			<small class="follows">{follows(board)}</small>
			<button type="button" class="quiet" disabled={off} onClick={() => ask({ type: "remove", base })}>
				remove
			</button>
		</li>
	);
}

/** What should be seen, as it stands. */
function follows({ power, cut, delay }: VirtualBoard): string {
	if (!power) return "off: its will says offline, its flash keeps what it held";
	if (cut) return "works on without a network, and holds its alerts";
	return delay ? "acknowledgements come late, and nothing twice" : "";
}
