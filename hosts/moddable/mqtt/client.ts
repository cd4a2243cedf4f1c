/**
 * `embedded:network/mqtt/client` (ECMA-419 §25) for any program on Moddable's SDK: our client behind a class with
 * nothing of its own in sight, so that a program may keep what it likes on `this` and name a subclass's methods as it
 * likes. Brings the timer, which the standard lacks, and adapts the SDK's own TCP, TLS and resolver classes where it is
 * given those. Known to the SDK by its standard name, so that relative imports would start from there.
 */

import SDKTCP from "embedded:io/socket/tcp";
import { Carrier } from "hosts/moddable/carrier";
import { Resolver } from "hosts/moddable/mqtt/resolver";
import { TCP } from "hosts/moddable/tcp";
import { timer } from "hosts/moddable/timer";
import Client from "modules/mqtt/client";
import type {
	ByteBuffer,
	MQTTClientOptions,
	ResolverClass,
	TCPClass,
	Timer,
	With,
	WriteOptions,
} from "../../../modules/mqtt/io.js";

/** As §25 has them, `timer` with a default. */
export type Options = Omit<MQTTClientOptions<MQTTClient>, "timer"> & { readonly timer?: Timer };

export default class MQTTClient {
	readonly #client: Client;
	declare target: unknown;

	constructor(options: Options) {
		const { target, onReadable, onWritable, onControl, onError } = options;
		if (target !== undefined) this.target = target;
		this.#client = new Client({
			timer,
			...(options as object),
			host: options.host,
			socket: adapted(options.socket),
			dns: asked(options.dns),
			...(onReadable && { onReadable: (count, message) => onReadable.call(this, count, message) }),
			...(onWritable && { onWritable: count => onWritable.call(this, count) }),
			...(onControl && { onControl: (opcode, message) => onControl.call(this, opcode, message) }),
			...(onError && { onError: error => onError.call(this, error) }),
		});
	}
	get format(): "buffer" {
		return this.#client.format;
	}
	set format(value: "buffer") {
		this.#client.format = value;
	}
	read(count?: number): ArrayBuffer | undefined;
	read(buffer: ByteBuffer): number | undefined;
	read(target?: ByteBuffer | number): ArrayBuffer | number | undefined {
		return this.#client.read(target as number);
	}
	/** A control message has no data: SDK programs say so with null. */
	write(data: ByteBuffer | null | undefined, options?: WriteOptions): number {
		return this.#client.write(data ?? undefined, options);
	}
	close(): void {
		this.#client.close();
	}

	static readonly CONNECT = 1;
	static readonly CONNACK = 2;
	static readonly PUBLISH = 3;
	static readonly PUBACK = 4;
	static readonly PUBREC = 5;
	static readonly PUBREL = 6;
	static readonly PUBCOMP = 7;
	static readonly SUBSCRIBE = 8;
	static readonly SUBACK = 9;
	static readonly UNSUBSCRIBE = 10;
	static readonly UNSUBACK = 11;
	static readonly PINGREQ = 12;
	static readonly PINGRESP = 13;
	static readonly DISCONNECT = 14;
}

Object.freeze(MQTTClient);

/** The SDK's TCP becomes ours, also where it lies under the SDK's TLS; every other class is taken at its word. */
function adapted(socket: With<TCPClass>): With<TCPClass> {
	const sdk: unknown = SDKTCP;
	if (socket?.io === sdk) return { ...socket, io: TCP as TCPClass };
	const { TCP: lower } = (socket ?? {}) as { readonly TCP?: { readonly io?: unknown } };
	if (lower?.io === sdk) return { ...socket, TCP: { ...lower, io: Carrier } } as With<TCPClass>;
	return socket;
}

/** Any resolver, asked in the standard's way and in the SDK's. */
function asked(dns: With<ResolverClass>): With<ResolverClass> {
	if (!dns?.io) return dns;
	const either = { io: Resolver as unknown as ResolverClass, dns };
	return either;
}
