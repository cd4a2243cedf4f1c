/**
 * ECMA-419's classes for a board in the XS worker: each instance stands for one of the served device on the Node
 * side, which does the work, checks the arguments and throws. Callbacks come as commands of their own, so never inside
 * a public method, one at a time. Runs in the worker.
 */

import type {
	Actuator,
	ActuatorClass,
	Analog,
	AnalogClass,
	CertificateRequest,
	CertificateRequestClass,
	Digital,
	DigitalClass,
	KeyValue,
	KeyValueDomain,
	NTP,
	NTPClass,
	Provision,
	PWM,
	PWMClass,
	Sample,
	Sensor,
	SensorClass,
	Texts,
} from "../../modules/device/io.js";
import type {
	ByteBuffer,
	Resolver,
	ResolverClass,
	TCP,
	TCPClass,
	TCPWriteOptions,
} from "../../modules/mqtt/io.js";
import type { Flash, FlashPartition } from "../../modules/store/flash.js";
import { Host, Instance, Room, view } from "./channel.js";
import type { Link } from "./link.js";

/** What all instances share. Not the public class: what a board sees has ECMA-419's members only. */
class Remote {
	protected readonly link: Link;
	readonly #id: number;
	#closed = false;
	target: unknown;

	constructor(link: Link, kind: string, options: unknown) {
		this.link = link;
		let given = options;
		if (typeof options === "object" && options !== null && "target" in options) {
			const { target, ...rest } = options as { target?: unknown };
			this.target = target;
			given = rest;
		}
		this.#id = link.construct(kind, this, given);
	}
	close(): void {
		if (this.#closed) return;
		this.call("close");
		this.#closed = true;
		this.link.forget(this.#id);
	}
	protected call(method: string, ...rest: unknown[]): unknown {
		if (this.#closed) throw new Error("closed");
		return this.link.call(this.#id, this, method, ...rest);
	}
	protected get(property: string): unknown {
		return this.call(Instance.Get + property);
	}
	protected set(property: string, value: unknown): void {
		this.call(Instance.Set + property, value);
	}
	/** Calls a method that fills `buffer`, which stands between the arguments `before` and `after`. */
	protected fill(method: string, before: unknown[], buffer: ByteBuffer, after: unknown[] = []): unknown {
		if (this.#closed) throw new Error("closed");
		const target = view(buffer);
		const room = new Room(target.byteLength);
		const { result, bytes } = this.link.fill(this.#id, this, method, before, room, after);
		if (bytes) target.set(new Uint8Array(bytes));
		return result;
	}
}

/** `Remote`, bound to what it stands for. */
function remote(link: Link, kind: string) {
	return class extends Remote {
		constructor(options: object) {
			super(link, kind, options);
		}
	};
}

export function tcp(link: Link, kind: string): TCPClass {
	return class extends Remote implements TCP {
		#format: TCP["format"];

		constructor(options: object) {
			super(link, kind, options);
			this.#format = (options as { format?: TCP["format"] }).format ?? "buffer";
		}
		get format() {
			return this.#format;
		}
		set format(value) {
			this.set("format", value);
			this.#format = value;
		}
		get remoteAddress() {
			return this.get("remoteAddress") as string | undefined;
		}
		get remotePort() {
			return this.get("remotePort") as number | undefined;
		}
		read(buffer: ByteBuffer): number | undefined;
		read(byteLength?: number): ArrayBuffer | number | undefined;
		read(...rest: [option?: ByteBuffer | number]) {
			const option = rest[0];
			if (typeof option === "object" && option !== null)
				return this.fill("read", [], option) as number | undefined;
			return this.call("read", ...rest) as ArrayBuffer | number | undefined;
		}
		write(data: ByteBuffer | number, options?: TCPWriteOptions): number {
			return this.call("write", data, options) as number;
		}
	};
}

export function resolver(link: Link, kind: string): ResolverClass {
	return class extends remote(link, kind) implements Resolver {
		resolve(...rest: Parameters<Resolver["resolve"]>): void {
			this.call("resolve", ...rest);
		}
	};
}

/** Modes are names here, and the served class's own values there. */
export function digital(
	link: Link,
	modes: readonly string[],
	edges: { Rising: number; Falling: number },
): DigitalClass {
	class Pin extends remote(link, "digital") implements Digital {
		read() {
			return this.call("read") as 0 | 1;
		}
		write(value: 0 | 1): void {
			this.call("write", value);
		}
	}
	const statics = Object.fromEntries(modes.map(mode => [mode, mode]));
	return Object.assign(Pin, statics, edges) as unknown as DigitalClass;
}

export function analog(link: Link): AnalogClass {
	return class extends Remote implements Analog {
		readonly resolution: number;

		constructor(options: object) {
			super(link, "analog", options);
			this.resolution = this.get("resolution") as number;
		}
		read() {
			return this.call("read") as number;
		}
	};
}

export function pwm(link: Link): PWMClass {
	return class extends Remote implements PWM {
		readonly resolution: number;
		readonly hz: number | undefined;

		constructor(options: object) {
			super(link, "pwm", options);
			this.resolution = this.get("resolution") as number;
			this.hz = this.get("hz") as number | undefined;
		}
		write(value: number): void {
			this.call("write", value);
		}
	};
}

export function sensor(link: Link, driver: string): SensorClass {
	return class extends remote(link, `sensor ${driver}`) implements Sensor {
		sample() {
			return this.call("sample") as Sample | undefined;
		}
		configure(options: object): void {
			this.call("configure", options);
		}
	};
}

export function actuator(link: Link, driver: string): ActuatorClass {
	return class extends remote(link, `actuator ${driver}`) implements Actuator {
		write(level: number): void {
			this.call("write", level);
		}
	};
}

export function ntp(link: Link): NTPClass {
	return class extends remote(link, "ntp") implements NTP {
		getTime(...rest: Parameters<NTP["getTime"]>): void {
			this.call("getTime", ...rest);
		}
	};
}

class Domain extends Remote implements KeyValueDomain {
	read(key: string): string | undefined;
	read(key: string, buffer: ByteBuffer): number | undefined;
	read(key: string, buffer?: ByteBuffer): string | number | undefined {
		if (buffer !== undefined) return this.fill("read", [key], buffer) as number | undefined;
		return this.call("read", key) as string | undefined;
	}
	write(key: string, value: string): void {
		this.call("write", key, value);
	}
	delete(key: string): void {
		this.call("delete", key);
	}
	get format() {
		return this.get("format");
	}
	set format(value) {
		this.set("format", value);
	}
	[Symbol.iterator](): IterableIterator<string> {
		return (this.call(Instance.Keys) as string[])[Symbol.iterator]();
	}
}

export function keyValue(link: Link): KeyValue {
	return { open: options => new Domain(link, "keyValue", options) };
}

export function request(link: Link): CertificateRequestClass {
	return class extends remote(link, "request") implements CertificateRequest {
		read() {
			return this.call("read") as ReturnType<CertificateRequest["read"]>;
		}
	};
}

/** No class of its own: it has a `get`. */
export function provision(link: Link): Provision {
	const receiver = {};
	const id = link.construct("provision", receiver, {});
	const call = <T>(method: string, ...rest: unknown[]) => link.call(id, receiver, method, ...rest) as T;
	return {
		keys: call(`${Instance.Get}keys`),
		get trying() {
			return call<boolean>(`${Instance.Get}trying`);
		},
		get next() {
			return call<Texts>(`${Instance.Get}next`);
		},
		get: key => call("get", key),
		propose: changes => call("propose", changes),
		keep: () => call("keep"),
		drop: () => call("drop"),
		restore: () => call("restore"),
	};
}

class Partition extends Remote implements FlashPartition {
	status() {
		return this.call("status") as ReturnType<FlashPartition["status"]>;
	}
	read(data: ByteBuffer, offset: number): number;
	read(byteLength: number, offset: number): ArrayBuffer;
	read(option: ByteBuffer | number, offset: number): number | ArrayBuffer {
		if (typeof option === "object" && option !== null)
			return this.fill("read", [], option, [offset]) as number;
		return this.call("read", option, offset) as ArrayBuffer;
	}
	write(data: ByteBuffer, offset: number): void {
		this.call("write", data, offset);
	}
	eraseBlock(...rest: [first: number, last?: number]): void {
		this.call("eraseBlock", ...rest);
	}
}

export function flash(link: Link): Flash {
	return {
		open: options => new Partition(link, "flash", options),
		[Symbol.iterator]: () => (link.call(0, link, Host.Partitions) as string[])[Symbol.iterator](),
	};
}
