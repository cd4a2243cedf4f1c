/** The test client: two clients, one with a clean and one with a persistent session, to subscribe and publish with. */

import { useSignal } from "@preact/signals";
import { TestClient } from "../model/client.js";
import { broker, name, writable } from "../store.js";
import { Messages } from "./messages.js";
import { Publish } from "./publish.js";
import { Subscriptions } from "./subscriptions.js";

/** The id of the persistent session stays in this browser: by it the broker knows the client again. */
function lastingName(): string {
	const found = localStorage.getItem("client") ?? Math.random().toString(36).slice(2, 8);
	localStorage.setItem("client", found);
	return found;
}

const clients = [
	new TestClient({ through: broker, id: `page-${name}-test`, clean: true }),
	new TestClient({ through: broker, id: `page-${lastingName()}-keep`, clean: false, storage: localStorage }),
] as const;
let begun = false;

export function Client() {
	if (!begun) {
		begun = true;
		clients[0].link.connect();
	}
	const chosen = useSignal(0);
	const filter = useSignal("");
	const client = clients[chosen.value] as TestClient;
	client.version.value;
	const subscription =
		client.subscriptions.find(one => one.filter === filter.value) ?? client.subscriptions[0];
	return (
		<>
			<header class="heading">
				<h1 class="title">Test client</h1>
				<span class="choice" role="group" aria-label="Client">
					{clients.map((one, index) => (
						<button
							key={one.id}
							type="button"
							aria-pressed={index === chosen.value}
							onClick={() => {
								chosen.value = index;
							}}
						>
							{one.clean ? "clean session" : "persistent session"}
						</button>
					))}
				</span>
				<Session client={client} />
			</header>
			<div class="columns" key={client.id}>
				<Subscriptions
					client={client}
					selected={subscription}
					onSelect={one => {
						filter.value = one.filter;
					}}
				/>
				<Messages client={client} subscription={subscription} />
				<Publish client={client} />
			</div>
		</>
	);
}

function Session({ client }: { readonly client: TestClient }) {
	const { link, sessionPresent, reason } = client.state.value;
	const online = link === "online";
	const refused = !client.clean && !writable();
	return (
		<p class="session">
			<button
				type="button"
				disabled={refused}
				onClick={() => (link === "off" ? client.link.connect() : client.link.disconnect())}
			>
				{link === "off" ? "connect" : "disconnect"}
			</button>
			<span class={online ? "good" : "more"} role="status">
				{online ? "connected" : link === "off" ? "not connected" : link}
				{!online && reason && reason !== "disconnected" ? `: ${reason}` : ""}
			</span>
			{online && (
				<span class="more">
					{sessionPresent
						? "Session Present 1: the broker kept this session, and sends what was missed"
						: "Session Present 0: a new session"}
				</span>
			)}
			{link === "off" && !client.clean && (
				<button type="button" disabled={refused} onClick={() => client.forget()}>
					end the session
				</button>
			)}
			{link === "off" && !client.clean && (
				<span class="more">
					{refused ? "read only" : "the broker queues QoS 1 and 2 for its subscriptions until it comes back"}
				</span>
			)}
			<code class="more">{client.id}</code>
		</p>
	);
}
