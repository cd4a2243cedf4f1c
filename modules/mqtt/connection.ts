/**
 * One network connection of an MQTT client: name, socket, CONNECT, CONNACK (§3.1, §3.2), keep-alive (§3.1.2.10), close, and why it
 * ended. Does not parse and does not publish. The client's layers are one object, split by inheritance, because a call between
 * objects costs 22 units, a tenth of a publish. Fields are `declare`d and made in constructors, for an initialiser costs 100 bytes of
 * flash; one that is missing means none, or false.
 */

import Codec from "./codec.js";
import type { MQTTClientOptions, MQTTError, Resolver, TCP, TCPOptions, Timer, TimerHandle } from "./io.js";
import type Parser from "./parser.js";

/** `error.code`: why the connection ended. The client itself has numbers for it, as for packet types and states, to save flash. */
export const Reason = Object.freeze({
	unresolved: 1, // no address for the host's name
	disconnected: 2, // no network connection could be made, or it is gone
	silent: 3, // no CONNACK within the deadline
	refused: 4, // CONNACK with a return code other than 0; the error carries `returnCode`
	unanswered: 5, // no PINGRESP, nor anything else, for half of the keep-alive interval after a PINGREQ
	malformed: 6, // bytes that are no MQTT control packet [MQTT-4.8.0-1]
	unexpected: 7, // a packet that has no place here: CONNACK missing or repeated, one that only clients send
	overrun: 8, // more waits to be acknowledged than is remembered: modules/session says so
	application: 9, // the application's own callback threw; the error carries it as `cause`
});
export type Reason = MQTTError["code"];

/** The states of a connection, each with those that may follow it; 7 may follow any. */
type State =
	| 0 // constructing → 1
	| 1 // resolving → 2
	| 2 // connecting, until CONNECT is out → 3
	| 3 // waiting for CONNACK → 4
	| 4 // connected → 5, 6
	| 5 // publishing, between the fragments of a PUBLISH → 4; 6 where one could not be written
	| 6 // disconnecting: nothing may follow DISCONNECT, or half of a packet [MQTT-3.14.4-2]
	| 7; // closed

type Options = Required<MQTTClientOptions<never>>;
type Callback<Name extends keyof Options> = OmitThisParameter<Options[Name]>;

export default abstract class Connection<Client> extends Codec {
	declare protected state: State;
	/** Bytes the socket takes. Eight of them are not offered to the application, so that replies and pings find room. */
	declare protected writable: number;
	declare protected socket: TCP;
	/** Bytes that the socket has announced and that are not read. */
	declare protected readable: number;
	/** Bytes that the application may `read` now. While there are any, nothing is parsed. -1 once closed. */
	declare protected available: number;
	/** Work on what arrived is unfinished (`retry`), or the client is closed. */
	declare protected busy: boolean;
	/** A reply that waits for room, or until its message is read: four bytes as a number, -1 for PINGRESP, or 0. */
	declare protected owed: number;
	/** Something arrived since the last PINGREQ. */
	declare protected active: boolean;
	/** `onReadable` and `onControl` after CONNACK; before, `reject`, since nothing may come before it [MQTT-3.2.0-1]. */
	declare protected deliver: Callback<"onReadable">;
	declare protected notify: Callback<"onControl">;
	declare private readonly onWritable: Callback<"onWritable">;
	declare private readonly onError: Callback<"onError">;
	declare protected readonly timer: Timer;
	declare private timeout: TimerHandle | undefined;
	declare protected wake: TimerHandle | undefined;
	declare private dns: Resolver | null;
	/** CONNECT until it is out, and PINGREQ once there was one. */
	declare private packet: Uint8Array | undefined;
	/** PINGREQ is out, or had no room, and no PINGRESP came. */
	declare protected unanswered: boolean;
	declare private readonly onReadable: Callback<"onReadable">;
	declare private readonly onControl: Callback<"onControl">;
	/** Whether PUBACK, PUBREC, PUBREL and PUBCOMP are ours to send. */
	declare protected readonly acknowledge: boolean;
	declare private readonly clean: boolean;
	/** Milliseconds between pings: half of what the broker is told. */
	declare private readonly keepAlive: number;
	/** The application's, as it was given (ECMA-419 §8). */
	declare target: unknown;
	// Of the layers above. Four bytes for a reply, and the last packet identifier of our own.
	declare protected parser: Parser;
	declare protected front: object;
	declare protected out: Uint8Array;
	declare protected kept: number;
	declare protected word: DataView;
	declare protected last: number;

	protected abstract receive(count: number): void;
	protected abstract drop(): void;

	constructor(options: MQTTClientOptions<Client>) {
		super();
		// Without callbacks messages are read and discarded; as a function `Boolean` does nothing.
		const {
			onReadable = this.drop,
			onControl = this.drop,
			onWritable = Boolean,
			onError = Boolean,
			kept = 4,
			keepAlive = 0,
			port = 1883,
			clean = true,
			host,
			socket,
			dns,
			timer,
		} = options;
		let name = "";
		if (typeof host !== "string" || !host) name = "host";
		else if (!socket?.io) name = "socket";
		else if (!dns?.io) name = "dns";
		else if (!timer) name = "timer";
		else if (!(port >= 1 && port <= 65_535)) name = "port";
		else if (!(keepAlive >= 0 && keepAlive <= 65_535_000)) name = "keepAlive";
		else if (!(kept >= 1 && kept <= 1000)) name = "kept";
		else if (typeof onReadable !== "function" || typeof onControl !== "function") name = "callback";
		else if (typeof onWritable !== "function" || typeof onError !== "function") name = "callback";
		if (name) throw new TypeError(`${name}: missing or wrong`);
		const interval = Math.ceil(keepAlive / 1000);
		// XS looks fields up in the order in which they were made: those of the hot paths come first.
		this.state = 0;
		this.readable = this.available = 0;
		this.parser = null as never;
		this.active = this.busy = false;
		this.writable = 0;
		this.socket = null as never;
		this.word = new DataView(new ArrayBuffer(4));
		this.front = { QoS: -1 } as never; // equal to none that is published
		this.out = null as never;
		this.deliver = this.notify = this.reject;
		this.acknowledge = options.acknowledge ?? true;
		this.owed = 0;
		this.kept = kept;
		this.packet = this.connect(options, clean, interval);
		this.onReadable = onReadable;
		this.onControl = onControl;
		this.onWritable = onWritable;
		this.onError = onError;
		this.timer = timer;
		this.target = options.target;
		this.clean = clean;
		this.keepAlive = interval * 500;
		this.dns = new dns.io(dns);
		// It may throw: the timer comes after it.
		this.dns.resolve({ host }, this.resolve.bind(this, options));
		this.state = 1;
		this.timeout = timer.set(() => this.fail(3 /* silent */), options.timeout ?? 30_000);
	}

	/** Ends the connection at once, without DISCONNECT (§25). May be repeated, and called from any callback. */
	close(): void {
		if (this.state === 7) return;
		this.state = 7;
		this.available = -1;
		this.busy = true;
		this.writable = 0;
		this.timer.clear(this.timeout);
		this.timer.clear(this.wake);
		this.dns?.close();
		this.socket?.close();
	}

	private resolve(options: MQTTClientOptions<Client>, error: Error | null, address?: string): void {
		// Still in the constructor, from which nothing may be called back (§8).
		if (!this.state) this.wake ??= this.timer.set(this.resolve.bind(this, options, error, address), 0);
		if (this.state !== 1) return;
		this.wake = undefined;
		(this.dns as Resolver).close();
		this.dns = null;
		if (error || !address) {
			this.fail(1, error); // unresolved
			return;
		}
		this.state = 2;
		try {
			this.socket = new options.socket.io({
				...options.socket,
				host: options.host, // for TLS
				port: options.port ?? 1883,
				address,
				onReadable: this.receive.bind(this),
				onWritable: this.flush.bind(this),
				onError: this.fail.bind(this, 2), // disconnected
			} as TCPOptions);
		} catch (cause) {
			this.fail(2, cause);
		}
	}

	/** The socket takes `count` bytes; the first time, because it is connected. */
	private flush(count: number): void {
		try {
			// The usual event: bytes have left, and nothing waited for their room. Asked first: 100 units of a sample.
			if (this.state === 4 && !this.busy && this.writable > 8) this.writable = count;
			else if (!this.update(count)) return;
			if (this.writable > 8) this.onWritable(this.writable - 8);
		} catch (error) {
			this.fail(this.state < 4 ? 2 : 9, error); // disconnected, or the application
		}
	}

	/** Writes what waited for this room. Whether the application may write after it: while connected or publishing. */
	private update(count: number): boolean {
		if (this.state === 7) return false;
		// Room where there was none: no ping could go out. Any other says nothing: a kernel takes data for minutes after the peer is gone.
		if (this.writable < 2 || this.state === 5) this.unanswered = false;
		this.writable = count;
		if (this.state !== 2) {
			if (this.busy) this.restart();
			return this.state === 4 || this.state === 5;
		}
		const packet = this.packet as Uint8Array;
		if (packet.byteLength > count) {
			// The socket's buffer is smaller.
			this.packet = packet.subarray(count);
			if (count) this.writable = this.socket.write(packet.subarray(0, count));
		} else {
			this.state = 3;
			this.packet = undefined;
			this.writable = this.socket.write(packet); // [MQTT-3.1.0-1]
		}
		return false;
	}

	protected connected(sessionPresent: boolean, returnCode: number): void {
		// Once; without a session after a clean start [MQTT-3.2.2-1] or with a refusal [MQTT-3.2.2-4].
		if (this.state !== 3 || (sessionPresent && (this.clean || returnCode))) {
			this.reject();
			return;
		}
		this.timer.clear(this.timeout);
		if (!returnCode) {
			this.state = 4;
			this.deliver = this.onReadable;
			// It may remember QoS 2 messages of before a power cut, and take a new one of the same identifier for a copy.
			if (sessionPresent) this.last = (Math.random() * 65_535) | 0;
			if (this.keepAlive) this.timeout = this.timer.repeat(this.ping.bind(this), this.keepAlive);
		}
		this.notify = this.onControl;
		this.notify(2, { operation: 2, sessionPresent, returnCode });
		if (returnCode)
			this.fail(4, undefined, returnCode); // refused [MQTT-3.2.2-5]
		else this.flush(this.writable);
	}

	/**
	 * Every half of the keep-alive interval [MQTT-3.1.2-23], also when other packets are sent: to note each write would cost more. The
	 * wait for PINGRESP goes on while other bytes come, as it may stand behind a long message; while our own message finds room bit by
	 * bit; and while a message waits for the application to read it, or a reply for the end of the application's own message.
	 */
	private ping(): void {
		if (this.unanswered && !this.active)
			if (!this.available && !(this.owed && this.state === 5 && this.writable > 8)) this.fail(5); // no state below fits then
		this.active = false;
		if (this.state === 4) {
			this.unanswered = true;
			// Without room no ping goes out. If none comes, the link is dead.
			if (this.writable < 2) return;
			try {
				this.packet ??= Uint8Array.of(0xc0, 0);
				this.writable = this.socket.write(this.packet);
			} catch (error) {
				this.fail(2, error);
			}
		} else if (this.state === 5 && this.writable <= 8) this.unanswered = true; // the fragments keep alive, but may find no room
	}

	/** A packet that has no place here, as another than CONNACK that comes first [MQTT-3.2.0-1]. */
	protected reject(): void {
		this.fail(7);
	}

	/** Goes on in a turn of its own, when no script is running (§8). */
	protected schedule(): void {
		this.wake ??= this.timer.set(() => {
			this.wake = undefined;
			this.restart();
		}, 0);
	}

	/** Goes on with work that waited for room or for this turn. No byte has arrived for it. */
	private restart(): void {
		const active = this.active;
		this.receive(this.readable);
		this.active = active;
	}

	/** Ends the connection: closes, then calls `onError` once [MQTT-4.8.0-1] [MQTT-4.8.0-2]. */
	protected fail(code: Reason, cause?: unknown, returnCode?: number): void {
		if (this.state === 7) return;
		this.close();
		const error = Object.assign(new Error(`MQTT ended: ${code}`), { code, cause, returnCode });
		try {
			this.onError(error);
		} catch {
			// An exception that leaves a callback ends the virtual machine on a device.
		}
	}
}
