/**
 * The life of one network connection under an MQTT client: name, socket, CONNECT, CONNACK (§3.1, §3.2),
 * keep-alive (§3.1.2.10), and its one end. The lowest of three storeys: writer.ts sends, client.ts receives.
 * They are one object, split by inheritance, because a call between objects costs more than a publish may.
 *
 * Fields are plain, not #private, in all three: each captured name costs about 42 instructions at every
 * entry of a function that mentions it (15 % of a publish). The ones used for each packet are declared first.
 */

import { connect } from "./encoder.js";
import type { Resolver, TCP, TCPClass, Timer, TimerHandle, With } from "./io.js";
import type { ControlMessage, MQTTClientOptions, ReadableOptions } from "./options.js";
import { CONNACK, type MQTTError, PINGREQ, Reason, State } from "./packet.js";

/** Bytes of the socket's room that are not offered, so that acknowledgements and pings find some. */
export const RESERVE = 8;

const PING = Uint8Array.of(PINGREQ << 4, 0);

function nothing(): void {}

export default abstract class Connection {
	protected state: State = State.resolving;
	/** Bytes the socket takes. */
	protected writable = 0;
	protected socket!: TCP;
	/** Bytes the socket has announced and nobody has read. */
	protected readable = 0;
	/** Bytes that the application may `read` now; while there are any, nothing else is parsed. -1 once closed. */
	protected available = 0;
	/** Something that arrived is not over and done with, or the client is closed: client.ts's `recover` looks what. */
	protected stalled = false;
	/** Something arrived since the last PINGREQ. */
	protected heard = false;
	/** `onReadable` and `onControl`, once CONNACK is there: nothing may come before it [MQTT-3.2.0-1], and this costs no look at each packet. */
	protected deliver: (count: number, options: ReadableOptions) => void = this.refuse;
	protected tell: (opcode: number, message: ControlMessage) => void = this.refuse;
	private onWritable: (count: number) => void;
	private onError: (error: MQTTError) => void;
	protected readonly timer: Timer;
	private deadline: TimerHandle | undefined;
	private resumption: TimerHandle | undefined;
	private resolver: Resolver | undefined;
	/** CONNECT, until it is sent. */
	private packet: Uint8Array | undefined;
	/** PINGREQ is out, or had no room, and no PINGRESP came. */
	private unanswered = false;
	private readonly onReadable: (count: number, options: ReadableOptions) => void;
	private readonly onControl: (opcode: number, message: ControlMessage) => void;
	private readonly clean: boolean;
	/** Milliseconds, as the broker is told. */
	private readonly keepAlive: number;
	target: unknown;

	/** The socket has `count` bytes. */
	protected abstract arrived(count: number): void;
	/** What has arrived is not all taken: the application, or a reply that cannot be sent, holds it up. */
	protected abstract behind(): boolean;
	/** Reads what is available and throws it away. */
	protected abstract skip(): void;

	constructor(options: MQTTClientOptions<never>) {
		const { host, port = 1883, keepAlive = 0, clean = true, socket, dns, timer, timeout = 30_000 } = options;
		if (typeof host !== "string" || host === "") throw new TypeError("host: expected a name or an address");
		if (!(port >= 1 && port <= 65_535)) throw new RangeError(`port: expected 1…65535, found ${port}`);
		if (!(keepAlive >= 0 && keepAlive <= 65_535_000))
			throw new RangeError(`keepAlive: expected 0…65535000 ms, found ${keepAlive}`);
		if (!socket?.io) throw new TypeError("socket: expected an object with io, a TCP class");
		if (!dns?.io) throw new TypeError("dns: expected an object with io, a resolver class");
		if (!timer) throw new TypeError("timer: expected the host's timer");
		const seconds = Math.ceil(keepAlive / 1000);
		const { id = "", user, password, will } = options;
		this.packet = connect({ id, clean, keepAlive: seconds, user, password, will });
		this.target = options.target;
		this.clean = clean;
		this.keepAlive = seconds * 1000;
		this.onReadable = options.onReadable ?? this.skip;
		this.onWritable = options.onWritable ?? nothing;
		this.onControl = options.onControl ?? nothing;
		this.onError = options.onError ?? nothing;
		this.timer = timer;
		this.resolver = new dns.io(dns);
		this.deadline = timer.set(() => {
			this.deadline = undefined;
			this.fail(Reason.silent);
		}, timeout);
		try {
			this.resolver.resolve({ host }, (error, address) =>
				this.resolved(error, address, { ...socket, host, port }),
			);
		} catch (error) {
			this.close();
			throw error;
		}
	}

	/** Ends the connection at once, without DISCONNECT (§25). May be repeated, and called from any callback. */
	close(): void {
		if (this.state === State.closed) return;
		this.state = State.closed;
		this.available = -1;
		this.stalled = true;
		this.writable = 0;
		this.timer.clear(this.deadline);
		this.timer.clear(this.resumption);
		this.resolver?.close();
		this.socket?.close();
	}

	private resolved(
		error: Error | null,
		address: string | undefined,
		options: With<TCPClass, { host: string; port: number }>,
	): void {
		if (this.state !== State.resolving) return;
		this.resolver?.close();
		this.resolver = undefined;
		if (error || !address) {
			this.fail(Reason.unresolved, error ?? undefined);
			return;
		}
		this.state = State.connecting;
		try {
			this.socket = new options.io({
				...options,
				address,
				onReadable: this.arrived.bind(this),
				onWritable: count => this.drained(count),
				onError: reason => this.fail(Reason.disconnected, reason),
			});
		} catch (reason) {
			this.fail(Reason.disconnected, reason);
		}
	}

	/** The socket takes `count` bytes; the first time, because it is connected. */
	private drained(count: number): void {
		if (this.state === State.closed) return;
		// Room where there was none: no ping could go out, and none is due an answer. Any other room says nothing
		// of the peer: a kernel takes what is written for minutes after it is gone.
		if (this.writable < 2 || this.state === State.publishing) this.unanswered = false;
		this.writable = count;
		const packet = this.packet;
		if (!packet) {
			this.proceed();
			this.offer();
		} else if (packet.byteLength <= count) {
			this.state = State.waiting;
			this.packet = undefined;
			try {
				this.writable = this.socket.write(packet); // [MQTT-3.1.0-1]
			} catch (error) {
				this.fail(Reason.disconnected, error);
			}
		}
	}

	/** Tells the application what room there is. */
	private offer(): void {
		if (this.state !== State.connected && this.state !== State.publishing) return;
		if (this.writable <= RESERVE) return;
		try {
			this.onWritable(this.writable - RESERVE);
		} catch (error) {
			this.fail(Reason.application, error);
		}
	}

	/** CONNACK (§3.2) is there. */
	protected accepted(sessionPresent: boolean, returnCode: number): void {
		// Once only; and nothing is present of a session that was to be clean, nor of one that was refused [MQTT-3.2.2-1] [MQTT-3.2.2-4].
		if (this.state !== State.waiting || (sessionPresent && (this.clean || returnCode !== 0))) {
			this.fail(Reason.unexpected);
			return;
		}
		this.timer.clear(this.deadline);
		this.deadline = undefined;
		if (returnCode === 0) {
			this.state = State.connected;
			this.deliver = this.onReadable;
			if (this.keepAlive) this.deadline = this.timer.repeat(() => this.ping(), this.keepAlive >> 1);
		}
		this.tell = this.onControl;
		this.tell(CONNACK, { operation: CONNACK, sessionPresent, returnCode });
		if (returnCode)
			this.fail(Reason.refused, undefined, returnCode); // [MQTT-3.2.2-5]
		else this.offer();
	}

	/**
	 * Every half of the keep-alive interval, whatever else is sent: to notice each write would cost every
	 * publish more than a ping costs a minute [MQTT-3.1.2-23]. The wait for PINGRESP goes on while other bytes
	 * come, for a long message may stand before it; while our own message finds room bit by bit; and while
	 * what has come waits for the application, or for the end of its own message.
	 */
	private ping(): void {
		if (this.unanswered && !this.heard && !this.behind()) {
			this.fail(Reason.unanswered);
			return;
		}
		this.heard = false;
		// Between fragments of a PUBLISH nothing else may be sent; its fragments keep alive, and set the pace.
		if (this.state !== State.connected && (this.state !== State.publishing || this.writable > RESERVE))
			return;
		// Without room too: should none come, the link is dead.
		this.unanswered = true;
		if (this.state !== State.connected || this.writable < 2) return;
		try {
			this.send(PING);
		} catch (error) {
			this.fail(Reason.disconnected, error);
		}
	}

	/** Something else than CONNACK came first [MQTT-3.2.0-1]. */
	protected refuse(): void {
		this.fail(Reason.unexpected);
	}

	protected answered(): void {
		this.unanswered = false;
	}

	protected send(packet: Uint8Array): void {
		this.writable = this.socket.write(packet);
	}

	/** Has what arrived looked at again when no script is running (§8). */
	protected resume(): void {
		this.resumption ??= this.timer.set(() => {
			this.resumption = undefined;
			this.proceed();
		}, 0);
	}

	/** Goes on with what stopped for lack of room, or was left for a time when no script runs. */
	private proceed(): void {
		const { heard } = this;
		this.arrived(this.readable);
		this.heard = heard;
	}

	/** Half a packet is out and the socket refuses the rest: the connection is lost, and says so once `write` has thrown. */
	protected failLater(cause: unknown): void {
		this.state = State.disconnecting;
		this.timer.clear(this.resumption);
		this.resumption = this.timer.set(() => {
			this.resumption = undefined;
			this.fail(Reason.disconnected, cause);
		}, 0);
	}

	/** The connection has ended: closes, then says so, once [MQTT-4.8.0-1] [MQTT-4.8.0-2]. */
	protected fail(code: Reason, cause?: unknown, returnCode?: number): false {
		if (this.state === State.closed) return false;
		this.close();
		const error = new Error(`MQTT connection ended: ${code}`) as Error & {
			code: Reason;
			cause?: unknown;
			returnCode?: number;
		};
		error.code = code;
		if (cause !== undefined) error.cause = cause;
		if (returnCode !== undefined) error.returnCode = returnCode;
		try {
			this.onError(error);
		} catch {
			// Nothing may leave a callback: on the device it would end the virtual machine. There is nobody left to tell.
		}
		return false;
	}
}
