/**
 * A TCP proxy that does to connections what bad networks do. It stands between board and broker; `up` is towards the
 * broker. A fault is counted where it is felt: `felt` is called once, when the first byte or connection meets it.
 * Bytes are delayed, swallowed or cut off, never changed: TCP's own checks see to that. Knows no MQTT: see tap.ts.
 */

import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { fair, Lane, type Weather } from "./lane.js";

export type Direction = "up" | "down";

/** Looks at what passes. */
export interface Tap {
	/** These bytes go to the broker now. */
	up(bytes: Uint8Array): void;
	/** These came from the broker; they go on when `pass` is called, in order. */
	down(bytes: Uint8Array, pass: (bytes: Uint8Array) => void): void;
	close(): void;
}

export interface ProxyOptions {
	/** Port of the broker on 127.0.0.1. */
	readonly port: number;
	/** Makes the tap of each connection. */
	readonly tap?: () => Tap;
}

type Felt = () => void;
const nothing: Felt = () => {};

export class FaultProxy {
	/** Closed: every connection is refused in any weather. */
	open = true;
	readonly #options: ProxyOptions;
	readonly #weather = { up: fair(), down: fair() };
	readonly #connections = new Set<Connection>();
	#server!: Server;
	/** Met by the next connections: refused, or taken and never heard of again. */
	#refusing: Felt | undefined;
	#swallowing: Felt | undefined;
	/** Met by the next connections: how many bytes come down. */
	#mute: { readonly after: number; readonly felt: Felt } | undefined;
	#cut: { readonly direction: Direction; readonly after: number; readonly felt: Felt } | undefined;
	#spans = new Set<NodeJS.Timeout>();

	private constructor(options: ProxyOptions) {
		this.#options = options;
	}
	static async listen(options: ProxyOptions): Promise<FaultProxy> {
		const proxy = new FaultProxy(options);
		proxy.#server = createServer({ allowHalfOpen: true, noDelay: true }, socket => proxy.#accept(socket));
		proxy.#server.listen(0, "127.0.0.1");
		await once(proxy.#server, "listening");
		return proxy;
	}
	get port(): number {
		return (this.#server.address() as AddressInfo).port;
	}
	/** Connections that stand and are heard by both ends. */
	get connections(): number {
		let count = 0;
		for (const { alive } of this.#connections) if (alive) count++;
		return count;
	}

	/** RST to both ends. */
	reset(felt = nothing): void {
		this.#each(felt, connection => connection.destroy(true));
	}
	/** FIN to both ends, after what is on its way. */
	finish(felt = nothing): void {
		this.#each(felt, connection => connection.finish());
	}
	/** One end is gone and the other is not told: the one at `direction`'s end believes that the connection stands. */
	halfOpen(believer: Direction, felt = nothing): void {
		this.#each(felt, connection => connection.halve(believer));
	}
	/** Bytes and new connections disappear for `span` milliseconds; what stood before stays dead for good. */
	blackhole(span: number, felt = nothing): void {
		const heard = single(felt);
		this.#swallowing = heard;
		this.#each(heard, connection => connection.silence());
		this.#after(span, () => {
			if (this.#swallowing === heard) this.#swallowing = undefined;
		});
	}
	refuse(span: number, felt = nothing): void {
		const heard = single(felt);
		this.#refusing = heard;
		this.#after(span, () => {
			if (this.#refusing === heard) this.#refusing = undefined;
		});
	}
	/**
	 * A broker that accepts and does not serve, for `span` milliseconds: on each connection, also on one that is made
	 * meanwhile, so many more bytes come down, then no more. Such a connection stands until an end gives it up.
	 */
	mute(span: number, after: number, felt = nothing): void {
		const heard = single(felt);
		const mute = { after, felt: heard };
		this.#mute = mute;
		this.#each(heard, connection => connection.mute(after));
		this.#after(span, () => {
			if (this.#mute === mute) this.#mute = undefined;
		});
	}
	/** Every byte takes `latency` milliseconds longer, for `span` milliseconds. */
	delay(direction: Direction, latency: number, span: number, felt = nothing): void {
		this.#turn(direction, { latency }, span, felt);
	}
	/** `rate` bytes a second, for `span` milliseconds. */
	throttle(direction: Direction, rate: number, span: number, felt = nothing): void {
		this.#turn(direction, { rate }, span, felt);
	}
	/** The connection, or the next one, is reset when so many more bytes have passed in this direction. */
	cut(direction: Direction, after: number, felt = nothing): void {
		const cut = { direction, after, felt: single(felt) };
		const alive = [...this.#connections].filter(connection => connection.alive);
		if (alive.length === 0) this.#cut = cut;
		for (const connection of alive) connection.cut(direction, after, cut.felt);
	}
	/** No more faults: connections that were swallowed end, and the next one finds a good network. */
	calm(): void {
		for (const span of this.#spans) clearTimeout(span);
		this.#spans.clear();
		this.#refusing = this.#swallowing = this.#cut = this.#mute = undefined;
		Object.assign(this.#weather.up, fair());
		Object.assign(this.#weather.down, fair());
		for (const connection of [...this.#connections]) {
			if (connection.alive) connection.spare();
			else connection.destroy(true);
		}
	}
	async close(): Promise<void> {
		this.calm();
		const closed = once(this.#server, "close");
		this.#server.close();
		for (const connection of [...this.#connections]) connection.destroy(true);
		await closed;
	}

	#accept(socket: Socket): void {
		socket.on("error", () => {});
		const refusing = this.#refusing;
		if (!this.open || refusing) {
			refusing?.();
			socket.resetAndDestroy();
			return;
		}
		const connection = new Connection(socket, this.#options, this.#weather, () =>
			this.#connections.delete(connection),
		);
		this.#connections.add(connection);
		if (this.#swallowing) {
			this.#swallowing();
			connection.silence();
		} else if (this.#mute) {
			this.#mute.felt();
			connection.mute(this.#mute.after);
		} else if (this.#cut) {
			const { direction, after, felt } = this.#cut;
			this.#cut = undefined;
			connection.cut(direction, after, felt);
		}
	}
	#each(felt: Felt, act: (connection: Connection) => void): void {
		const alive = [...this.#connections].filter(connection => connection.alive);
		for (const connection of alive) act(connection);
		if (alive.length) felt();
	}
	#turn(direction: Direction, change: Partial<Weather>, span: number, felt: Felt): void {
		const weather = this.#weather[direction];
		Object.assign(weather, fair(), change, { onFelt: felt });
		this.#after(span, () => {
			// Unless another has taken its place.
			if (weather.onFelt === felt || weather.onFelt === undefined) Object.assign(weather, fair());
		});
	}
	#after(span: number, act: () => void): void {
		const timeout = setTimeout(() => {
			this.#spans.delete(timeout);
			act();
		}, span);
		this.#spans.add(timeout);
	}
}

/** A board's socket and its broker's, and a lane each way. */
class Connection {
	readonly #board: Socket;
	readonly #broker: Socket;
	readonly #lanes: { readonly up: Lane; readonly down: Lane };
	readonly #tap: Tap | undefined;
	readonly #onEnd: () => void;
	#felt: Felt | undefined;
	#silent = false;
	#muted = false;
	#ended = false;

	constructor(
		board: Socket,
		{ port, tap }: ProxyOptions,
		weather: { readonly up: Weather; readonly down: Weather },
		onEnd: () => void,
	) {
		this.#board = board;
		this.#broker = connect({ port, host: "127.0.0.1", allowHalfOpen: true, noDelay: true });
		this.#broker.on("error", () => {});
		this.#tap = tap?.();
		this.#onEnd = onEnd;
		const up = new Lane(
			weather.up,
			bytes => this.#toBroker(bytes),
			() => this.#severed(),
		);
		const down = new Lane(
			weather.down,
			bytes => board.write(bytes),
			() => this.#severed(),
		);
		this.#lanes = { up, down };
		board.on("data", bytes => up.push(bytes));
		const pass = (bytes: Uint8Array) => down.push(bytes);
		this.#broker.on("data", bytes => (this.#tap ? this.#tap.down(bytes, pass) : pass(bytes)));
		this.#join(board, this.#broker, up);
		this.#join(this.#broker, board, down);
	}
	get alive(): boolean {
		return !this.#silent && !this.#muted && !this.#ended;
	}
	mute(after: number): void {
		this.#muted = true;
		this.#lanes.down.mute(after);
	}
	silence(): void {
		this.#silent = true;
		this.#lanes.up.silence();
		this.#lanes.down.silence();
	}
	halve(believer: Direction): void {
		this.silence();
		(believer === "up" ? this.#board : this.#broker).resetAndDestroy();
	}
	cut(direction: Direction, after: number, felt: Felt): void {
		this.#felt = felt;
		this.#lanes[direction].cut(after);
	}
	/** A cut that has not come yet does not come. */
	spare(): void {
		this.#lanes.up.cut(Number.POSITIVE_INFINITY);
		this.#lanes.down.cut(Number.POSITIVE_INFINITY);
	}
	finish(): void {
		const close = () => this.destroy(false);
		this.#lanes.up.end(close);
		this.#lanes.down.end(close);
	}
	destroy(reset: boolean): void {
		if (this.#ended) return;
		this.#ended = true;
		this.#lanes.up.close();
		this.#lanes.down.close();
		this.#tap?.close();
		for (const socket of [this.#board, this.#broker])
			if (reset) socket.resetAndDestroy();
			else socket.destroySoon();
		this.#onEnd();
	}

	#toBroker(bytes: Uint8Array): void {
		this.#tap?.up(bytes);
		this.#broker.write(bytes);
	}
	#severed(): void {
		this.#felt?.();
		// What was let through still arrives: a reset would overtake it.
		let flowing = 2;
		for (const socket of [this.#board, this.#broker])
			socket.end(() => {
				if (--flowing === 0) this.destroy(true);
			});
	}
	/** How the end at `from` is told at `to`. In silence it is not, and both are gone once both have ended. */
	#join(from: Socket, to: Socket, lane: Lane): void {
		from.once("end", () => {
			if (this.#silent) from.destroy();
			else lane.end(() => to.end());
		});
		from.once("close", failed => {
			if (this.#silent ? to.destroyed : failed) this.destroy(true);
			else if (!this.#silent && to.destroyed) this.destroy(false);
		});
	}
}

function single(felt: Felt): Felt {
	let done = false;
	return () => {
		if (!done) felt();
		done = true;
	};
}
