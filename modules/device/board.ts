/**
 * The board: puts sensors, alerts, actuators and their topics (field-notes §4) over one session and one memory, as its
 * description says; follows the session as it comes and goes, and ends the whole. What it says is in voice.ts, what it
 * hears in routes.ts, what it retains in standing.ts, what `cmd` can do with it in control.ts. How anything is sampled,
 * judged, switched or transmitted is decided in the parts.
 */

import type { SessionLike, UserOptions } from "../session/options.js";
import { Report } from "../session/outcomes.js";
import Boot from "./boot.js";
import Command from "./commands/command.js";
import Control, { type ControlHost } from "./commands/control.js";
import Forgetting, { type ForgettingHost } from "./commands/decommission.js";
import type { Description } from "./description/description.js";
import type { Values } from "./description/schema.js";
import Settings from "./description/settings.js";
import type { Device } from "./io.js";
import Memory from "./memory.js";
import { watchOf } from "./network.js";
import type Button from "./outputs/button.js";
import type Output from "./outputs/output.js";
import type { OutputHost } from "./outputs/output.js";
import { makeButton, makeChannels, makeOutputs } from "./parts.js";
import Trial from "./provisioning/trial.js";
import Voice from "./publisher.js";
import Standing, { type StandingHost } from "./retained/retained.js";
import Routes from "./router.js";
import { waitingEdges } from "./sensors/alert.js";
import type Channel from "./sensors/sensor.js";
import type { ChannelHost } from "./sensors/sensor.js";
import type { Storage } from "./storage.js";
import Time from "./time.js";
import topics from "./topics.js";
import { reported } from "./trace.js";

export const firmware = "glowworm 0.1.0";

export interface BoardOptions {
	readonly device: Device;
	readonly description: Description;
	/** Closed with the board. */
	readonly storage: Storage;
	/** Makes the session. It calls back later, not from here. */
	readonly connect: (options: UserOptions) => SessionLike;
}

export default class Board implements ChannelHost, OutputHost, ControlHost, ForgettingHost, StandingHost {
	readonly timer: Device["timer"];
	readonly clock: Device["clock"];
	readonly memory: Memory;
	readonly time: Time;
	readonly voice: Voice;
	readonly channels: readonly Channel[];
	readonly outputs: readonly Output[];
	private readonly options: BoardOptions;
	private readonly base: string;
	private readonly trace: ((line: string) => void) | undefined;
	private readonly settings: Settings;
	private readonly link: SessionLike;
	private readonly refresh;
	private readonly standing: Standing;
	private readonly forgetting: Forgetting;
	private readonly control: Control;
	private readonly trial: Trial;
	private readonly button: Button | undefined;
	private readonly boot: Boot;
	/** Only while alarms are made. */
	private edges: ReadonlyMap<string, Values> | undefined;
	private closed = false;

	constructor(options: BoardOptions) {
		const { device, description } = options;
		this.options = options;
		this.trace = device.trace;
		this.timer = device.timer;
		this.clock = device.clock;
		this.base = topics.base(description.root, description.id);
		this.voice = new Voice({
			base: this.base,
			trace: device.trace,
			link: () => this.link,
			forgetting: () => this.forgetting.active,
		});
		this.memory = new Memory(options.storage.memory);
		this.boot = new Boot(this.memory, options.storage);
		this.settings = new Settings(description, this.memory, device);
		this.time = new Time({
			clock: device.clock,
			timer: device.timer,
			memory: this.memory,
			ntp: device.network.ntp?.client,
			onReport: line => this.report(line),
		});
		this.outputs = makeOutputs(this, device, this.description);
		this.edges = waitingEdges(options.storage.outbox, this.voice.topic(topics.alert("")));
		this.channels = makeChannels(this, device, this.description);
		this.edges = undefined;
		this.standing = new Standing(this, this.base, () => this.control.info());
		this.forgetting = new Forgetting(this);
		this.control = new Control(this, {
			firmware,
			device,
			storage: options.storage,
			settings: this.settings,
			boot: this.boot,
			forgetting: this.forgetting,
		});
		this.trial = new Trial({
			timer: device.timer,
			clock: device.clock,
			provision: device.provision,
			report: line => this.report(line),
			restart: () => this.restart(),
		});
		this.link = this.connect();
		this.button = makeButton(this, device, this.description, this.outputs);
		this.refresh = device.timer.repeat(() => this.standing.announce(), description.refresh);
		if (!this.forgetting.active) for (const channel of this.channels) channel.start();
	}

	get description(): Description {
		return this.settings.current;
	}
	get online(): boolean {
		return this.link.online;
	}
	get trying(): boolean {
		return this.options.device.provision?.trying ?? false;
	}
	get counters(): object {
		return this.link.counters;
	}

	/** The graceful end: `offline` retained, DISCONNECT, and calls back. May be repeated. */
	close(callback?: () => void): void {
		this.leave(() => {}, callback);
	}

	/** `last` is done before memory is closed. */
	private leave(last: () => void, callback?: () => void, farewell?: string): void {
		const repeated = this.closed;
		this.closed = true;
		if (!repeated) this.rest();
		this.link.close(() => {
			if (!repeated) {
				last();
				for (const output of this.outputs) output.close();
				this.options.storage.close();
			}
			callback?.();
		}, farewell);
	}

	/** Stops whatever comes from this side. */
	private rest(): void {
		for (const channel of this.channels) channel.close();
		this.forgetting.close();
		this.standing.close();
		this.trial.close();
		this.button?.close();
		this.timer.clear(this.refresh);
		this.time.close();
	}

	// Forgetting

	get acknowledged(): boolean {
		return this.options.storage.outbox.length === 0;
	}
	retained(): readonly string[] {
		return [...this.standing.names, topics.status];
	}
	clear(name: string): boolean {
		return this.voice.clear(name, true);
	}
	forgotten(): void {
		this.report("forgotten: stays away until it is restarted");
		const last = () => {
			this.standing.forget();
			this.forgetting.end();
		};
		this.leave(last, undefined, "");
	}

	// What the parts need of their board

	nextId(): string {
		return this.boot.nextId();
	}
	waitingEdge(name: string): Values | undefined {
		return this.edges?.get(name);
	}
	restart(): boolean {
		return this.control.restart();
	}
	report(line: string): void {
		this.trace?.(line);
	}

	// The session

	private connect(): SessionLike {
		const { device, description, storage, connect } = this.options;
		const { outputs } = this;
		const command = new Command(this.control);
		const routes = new Routes({ base: this.base, command, outputs, trace: device.trace });
		return connect({
			id: description.id,
			keepAlive: description.keepAlive,
			status: { topic: this.base + topics.status, online: "online", offline: "offline" },
			subscriptions: routes.subscriptions,
			outbox: storage.outbox,
			memory: {
				read: () => this.memory.get("session").text as string | undefined,
				write: text => void this.memory.put("session", { text }),
			},
			timer: device.timer,
			ticks: device.clock,
			watch: watchOf(device, description, this.time),
			onMessage: (topic, payload, about) => routes.receive(topic, payload, about),
			onOnline: present => {
				this.report("online");
				this.trial.online();
				for (const output of outputs) output.online(present);
				this.forgetting.online();
				this.standing.announce();
			},
			onOffline: () => {
				this.report("offline");
				this.trial.offline();
				for (const output of outputs) output.offline();
			},
			onReport: (event, detail) => {
				if (event === Report.filterRefused && detail === this.base + topics.command) this.trial.refused();
				this.report(reported(event, detail));
			},
		});
	}
}
