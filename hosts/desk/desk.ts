/**
 * What a desk is beside its boards: the page's server, the way to the broker, the wire, the account of alerts. Puts them
 * together; each is a file of its own.
 */

import { randomBytes } from "node:crypto";
import { isIP } from "node:net";
import type { PinState } from "../node/pins.js";
import { Accounts } from "./account.js";
import type { Broker } from "./broker.js";
import type { Fleet } from "./fleet.js";
import { idOf } from "./held.js";
import type { Recorder } from "./recording.js";
import { type Subscriber, subscribe } from "./subscriber.js";
import { type BrokerAddress, bridge } from "./web/bridge.js";
import { page as bundle } from "./web/bundle.js";
import { Channel } from "./web/channel.js";
import type { FromDesk, ToDesk, WireLine } from "./web/protocol.js";
import { type Page, servePage } from "./web/server.js";
import { Wire } from "./wire.js";

export interface DeskOptions {
	/** Where the page is served. */
	readonly host: string;
	readonly port: number;
	readonly address: BrokerAddress;
	/** The broker for people: without anything secret. */
	readonly name: string;
	/** The desk runs the broker. */
	readonly own?: Broker | undefined;
	/** The root of its boards: their alerts are counted. */
	readonly root: string;
	/** Gets all that passes. */
	readonly recorder?: Recorder;
	/** What is played in the place of boards. */
	readonly replay?: string;
	/** The pin of the boards' lamp. */
	readonly lamp?: unknown;
}

const alerts = /\/alerts\/[^/]+$/;
/** Milliseconds between two looks at the account. */
const ACCOUNT = 500;
/** Milliseconds after its start, when the boards have theirs behind them, that the page is made. */
const AFTERWARDS = 1000;

export class Desk {
	readonly accounts = new Accounts();
	readonly #options: DeskOptions;
	readonly #channel: Channel;
	#fleet: Fleet | undefined;
	#page: Page | undefined;
	#subscriber: Subscriber | undefined;
	#timer: NodeJS.Timeout | undefined;
	#bundling: NodeJS.Timeout | undefined;
	#account = "";

	/** `wire`: what the broker taps, if it is the desk's own. */
	constructor(options: DeskOptions, wire = new Wire()) {
		this.#options = options;
		wire.onLine = line => this.#line(line);
		this.#channel = new Channel({
			hello: {
				broker: options.name,
				own: options.own !== undefined,
				...(options.replay !== undefined && { replay: options.replay }),
			},
			state: () => [this.#state(), { type: "account", ...this.accounts.all(Date.now()) }],
			wire: () => wire.lines,
			onRequest: request => this.#request(request),
		});
	}

	get url(): string {
		return this.#page?.url ?? "";
	}
	get port(): number {
		return this.#page?.port ?? 0;
	}

	/** Rejects with the system's error when no port is free. */
	async open(): Promise<void> {
		const { host, port, address, root } = this.#options;
		this.#page = await servePage({
			host,
			port,
			...(!isLoopback(host) && { token: randomBytes(16).toString("base64url") }),
			onMQTT: (socket, write) => bridge(socket, address, write),
			onDesk: (socket, write) => this.#channel.add(socket, write),
		});
		this.#subscribe(address, root);
		// Ready before a person has opened it. What is wrong with it is said to who asks for it.
		this.#bundling = setTimeout(() => void bundle().catch(() => {}), AFTERWARDS);
		this.#timer = setInterval(() => this.#tellAccount(), ACCOUNT);
	}

	/** The boards that faults may be put on. */
	attend(fleet: Fleet): void {
		this.#fleet = fleet;
		this.changed();
	}

	/** A board came, went or was switched. */
	changed(): void {
		this.#channel.tell(this.#state());
	}

	/** A pin of a virtual board has changed. */
	pin(base: string, { pin }: PinState): void {
		if (pin === this.#options.lamp) this.#channel.tell({ type: "step", base, output: "lamp", step: "done" });
	}

	async close(): Promise<void> {
		clearInterval(this.#timer);
		clearTimeout(this.#bundling);
		this.#channel.close();
		await this.#subscriber?.close();
		await this.#page?.close();
	}

	#state(): FromDesk {
		const { own } = this.#options;
		return {
			type: "state",
			boards: this.#fleet?.boards ?? [],
			...(own && { broker: { running: own.running, refusing: own.refusing } }),
		};
	}

	/** At the broker itself, or as a client with a persistent session where the broker is elsewhere. */
	#subscribe(address: BrokerAddress, root: string): void {
		const { own, recorder } = this.#options;
		if (own) {
			own.onPublish = ({ topic, payload, qos: QoS, retain, dup: duplicate }) => {
				const bytes = Buffer.from(payload);
				const message = { topic, payload: bytes, byteLength: bytes.byteLength, QoS, retain, duplicate };
				recorder?.write({ ...message, id: 0, at: Date.now() });
				if (alerts.test(topic) && topic.startsWith(`${root}/`)) this.#delivered(topic, bytes);
			};
			return;
		}
		const session = `page-desk-${randomBytes(4).toString("hex")}`;
		const filter = recorder ? "#" : `${root}/+/alerts/+`;
		this.#subscriber = subscribe(address, session, [filter], message => {
			const { topic, payload, retain } = message;
			recorder?.write(message);
			if (!retain && alerts.test(topic) && topic.startsWith(`${root}/`)) this.#delivered(topic, payload);
		});
	}

	#delivered(topic: string, payload: Uint8Array): void {
		const id = idOf(payload);
		if (id !== undefined) this.accounts.delivered(topic.slice(0, topic.indexOf("/alerts/")), id, Date.now());
	}

	#tellAccount(): void {
		const message = { type: "account", ...this.accounts.all(Date.now()) } as const;
		const text = JSON.stringify(message);
		if (text === this.#account) return;
		this.#account = text;
		this.#channel.tell(message);
	}

	/** A board acknowledges a request once it has stored it. */
	#line(line: WireLine): void {
		this.#channel.packet(line);
		if (line.packet !== "PUBACK" || line.direction !== "in" || !line.topic) return;
		const [, base, output] = /^(.+)\/([^/]+)\/(?:set|desired)$/.exec(line.topic) ?? [];
		if (base && output) this.#channel.tell({ type: "step", base, output, step: "stored" });
	}

	async #request(request: Exclude<ToDesk, { type: "watch" }>): Promise<void> {
		const fleet = this.#fleet;
		if (request.type === "broker") await this.#broker(request);
		else if (!fleet) throw new Error("this desk has no virtual boards");
		else if (request.type === "add") await fleet.add(request.count);
		else if (request.type === "remove") await fleet.remove(request.base);
		else await fleet.set(request.base, request);
	}

	async #broker({ running, refusing, forget }: Extract<ToDesk, { type: "broker" }>): Promise<void> {
		const { own } = this.#options;
		if (!own) throw new Error("the broker is not this desk's");
		if (forget) await own.forget();
		if (refusing !== undefined) own.refuse(refusing);
		if (running === true) await own.resume();
		if (running === false) await own.stop();
		this.changed();
	}
}

function isLoopback(host: string): boolean {
	return host === "localhost" || host === "::1" || (isIP(host) === 4 && host.startsWith("127."));
}
