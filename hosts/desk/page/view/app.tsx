/** The frame: top line, rail, and the view that the address names. */

import { signal } from "@preact/signals";
import { account, hello, reached } from "../desk.js";
import { boards, connection, hrefOf, route, type View, views } from "../store.js";
import { Boards } from "./boards.js";
import { Client } from "./client.js";
import { Faults } from "./faults.js";
import { plural } from "./format.js";
import { Icon } from "./icons.js";
import { TopicsView } from "./topics.js";
import { Wire } from "./wire.js";

const titles: { readonly [name in View]: string } = {
	boards: "Boards",
	client: "Test client",
	topics: "Topics",
	wire: "Wire",
	faults: "Faults",
};

const present: { readonly [name in View]: () => preact.JSX.Element } = {
	boards: Boards,
	client: Client,
	topics: TopicsView,
	wire: Wire,
	faults: Faults,
};

/** `/` goes to the search of the view, Esc leaves what is open. */
addEventListener("keydown", event => {
	const { target, key, ctrlKey, metaKey, altKey } = event;
	if (ctrlKey || metaKey || altKey) return;
	const typing =
		target instanceof HTMLElement && target.matches("input:not([type=checkbox]), textarea, select");
	if (key === "/" && !typing) {
		const search = document.querySelector<HTMLElement>("main input[type=search], main input");
		if (!search) return;
		event.preventDefault();
		search.focus();
	} else if (key === "Escape" && typing) target.blur();
	else if (key === "Escape" && route.value.detail) location.hash = hrefOf(route.value.view);
});

export function App() {
	const { view } = route.value;
	const Present = present[view];
	return (
		<div class={connection.value.state === "online" ? "frame" : "frame lost"}>
			<Top />
			<nav class="rail" aria-label="Views">
				{views.map(name => (
					<a key={name} href={hrefOf(name)} {...(name === view && { "aria-current": "page" as const })}>
						<Icon name={name} />
						<span>{titles[name]}</span>
					</a>
				))}
			</nav>
			<main id="main" tabIndex={-1}>
				<Present />
			</main>
		</div>
	);
}

function Top() {
	const { state, reason } = connection.value;
	boards.version.value;
	const list = boards.list;
	const online = list.filter(board => board.online).length;
	const fine = state === "online" && reached.value;
	const broker = hello.value?.broker ?? "";
	return (
		<header class="top">
			<a class="brand" href={hrefOf("boards")}>
				<Lamp on={fine} />
				Glowworm
			</a>
			<span class={fine ? "broker" : "broker bad"} role="status">
				<span class="dot" aria-hidden="true" />
				{fine ? broker : reached.value ? `${broker}: ${reason || state}` : "the desk does not answer"}
			</span>
			<span class="count">
				{plural(list.length, "board")}
				{state === "online" ? (
					<>
						, <b>{online}</b> online
					</>
				) : (
					list.length > 0 && ", as last heard"
				)}
			</span>
			<Alerts />
			{hello.value?.replay !== undefined && <span class="tag">replay of {hello.value.replay}</span>}
			{hello.value?.write === false && <span class="tag">read only</span>}
			<Scheme />
		</header>
	);
}

const sums = ["raised", "held", "delivered", "lost", "repeated"] as const;

/** What became of alerts: the desk's account, or what this page has seen. */
function Alerts() {
	const total = account.value?.total;
	// A recording has no boards to be counted.
	if (!total || hello.value?.replay !== undefined) return null;
	return (
		<a class="account" href={hrefOf("faults")}>
			<span>
				alerts<span class="wide">:</span>
			</span>
			{sums.map(name => (
				<span key={name} class={name === "lost" && total.lost ? "sum bad" : "sum"}>
					{name} <b>{total[name]}</b>
				</span>
			))}
		</a>
	);
}

function Lamp({ on }: { readonly on: boolean }) {
	return <span class={on ? "lamp lit" : "lamp"} aria-hidden="true" />;
}

const schemes = ["system", "light", "dark"] as const;
type Scheme = (typeof schemes)[number];

function stored(): Scheme {
	const found = localStorage.getItem("scheme");
	return schemes.find(scheme => scheme === found) ?? "system";
}
const scheme = signal<Scheme>(stored());
apply();

function apply(): void {
	document.documentElement.dataset.scheme = scheme.value;
}

function Scheme() {
	return (
		<button
			type="button"
			class="quiet"
			title={`Colours: ${scheme.value}`}
			aria-label={`Colours: ${scheme.value}. Change`}
			onClick={() => {
				scheme.value = schemes[(schemes.indexOf(scheme.value) + 1) % schemes.length] as Scheme;
				localStorage.setItem("scheme", scheme.value);
				apply();
			}}
		>
			<Icon name="light" />
			<span class="wide">{scheme.value}</span>
		</button>
	);
}
