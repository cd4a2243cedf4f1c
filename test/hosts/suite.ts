/**
 * One conformance suite for every host: what a case is, what it gets, and how its outcome is told.
 * Nothing here or in `*.conformance.ts` names Node: the cases are bundled and run inside XS as well. A host applies
 * them with `apply` (mocha.ts) and a runner that carries one case to where the device lives.
 * Does not wait for time: a case ends by `done`, `skip` or a failed assertion; mocha's timeout is the last resort.
 */

import type { Device } from "../../modules/device/io.js";

/** Where a loopback server listens. */
export interface Endpoint {
	readonly address: string;
	readonly port: number;
}

/** What is outside the board, as plain data so that it crosses any channel: servers are asked in band. See world.ts. */
export interface World {
	/** Sends back what it gets. */
	readonly echo: Endpoint;
	/** Answers each segment that arrives with one byte line: its length in decimal and "\n". */
	readonly segments: Endpoint;
	/** Sends `floodLength` bytes, byte i being (i * 7) & 255, as fast as it is let; closes once it has got a byte. */
	readonly flood: Endpoint;
	readonly floodLength: number;
	/** Reads nothing from its connections until a client connects to `release`; then answers each with the total count. */
	readonly stall: Endpoint;
	/** More bytes than fit on the way to it; 8 MB if not given, which two kernels' buffers on loopback do not hold. */
	readonly stallLength?: number;
	readonly release: Endpoint;
	/** Tells its second connection, as a line once it is asked, what the first had said by its end; and so on in pairs. */
	readonly ledger: Endpoint;
	/** Says "bye" and closes. */
	readonly farewell: Endpoint;
	/** Resets each connection once it has got a byte. */
	readonly reset: Endpoint;
	/** Takes what comes first for CONNECT and answers CONNACK; sends back all else, so that a PUBLISH comes round. */
	readonly mqtt: Endpoint;
	/** No server listens there. */
	readonly refused: Endpoint;
	/** A name that resolves to a loopback address, and one that never resolves. */
	readonly name: string;
	readonly unknownName: string;
	readonly tls: TLSWorld;
	/** Virtual pins: a level written to `loop.output` appears on `loop.input`. Absent where nothing is wired. */
	readonly loop?: { readonly output: number; readonly input: number };
}

/** Echo servers over TLS, of one authority unless said; certificates are DER, as plain numbers. Each sends its own alone. */
export interface TLSWorld {
	/** The name and address the good servers' certificates are for. */
	readonly host: string;
	readonly ca: readonly number[];
	/** An authority that signed none of them. */
	readonly otherCA: readonly number[];
	/** With RSA keys, as `rsa` and the clients have them. */
	readonly rsaCA: readonly number[];
	readonly clientCertificate: readonly number[];
	readonly clientKey: readonly number[];
	/** Of the other authority. */
	readonly strangerCertificate: readonly number[];
	readonly strangerKey: readonly number[];
	readonly echo: Endpoint;
	/** Speaks TLS 1.2 at most. */
	readonly old: Endpoint;
	/** Sends the authority's certificate too. */
	readonly whole: Endpoint;
	/** Of an authority below ours, whose certificate it sends. */
	readonly below: Endpoint;
	readonly rsa: Endpoint;
	/** Says of itself that the authority has issued it, which has not; sends the authority's certificate too. */
	readonly forged: Endpoint;
	/** Issued by a server, which may issue nothing; sends the whole chain. */
	readonly presumptuous: Endpoint;
	/** A client's certificate by its extended key usage; one for servers alone; and two below an authority that may have none below it. */
	readonly visitor: Endpoint;
	readonly limited: Endpoint;
	readonly narrow: Endpoint;
	readonly beyond: Endpoint;
	/** Sends another's certificate and no proof of its key. */
	readonly unproven: Endpoint;
	/** Answers the hello with TLS 1.1. */
	readonly outdated: Endpoint;
	/** Answers the hello with close_notify. */
	readonly goodbye: Endpoint;
	/** Its proof of its key reads as one thing or as another. */
	readonly ambiguous: Endpoint;
	/** Sends data in clear before it has proved itself. */
	readonly foisted: Endpoint;
	/** Sends what is no record behind its first data. */
	readonly trailed: Endpoint;
	readonly otherName: Endpoint;
	readonly expired: Endpoint;
	readonly early: Endpoint;
	/** Asks for a client certificate of the authority. */
	readonly mutual: Endpoint;
	/** The same, with TLS 1.2 at most. */
	readonly oldMutual: Endpoint;
	/** Knows the application protocols "mqtt" and "x-other"; answers what comes first with the chosen one, as a line. */
	readonly alpn: Endpoint;
	/** As `World.ledger`. */
	readonly ledger: Endpoint;
	/** As `World.mqtt`. */
	readonly mqtt: Endpoint;
	/** Offers to resume its sessions of TLS 1.2. */
	readonly resuming: Endpoint;
	/** Says "hello" as a line, as soon as it may. */
	readonly greeting: Endpoint;
	/** Its certificate is for `*.broker.test`. */
	readonly wildcard: Endpoint;
	/** Its certificate has 8 KB. */
	readonly large: Endpoint;
	/** Sends 48 KiB in the longest records that TLS has as soon as a byte has come, byte n being n * 7. */
	readonly records: Endpoint;
	/** Speak TLS 1.2 with one cipher suite alone, by its name in OpenSSL; with a key that it is for. */
	readonly suites: { readonly [name: string]: Endpoint };
	/** Hangs up at the client's hello. */
	readonly hangup: Endpoint;
	/** Answers the hello in plain text. */
	readonly plain: Endpoint;
	/** Answer the hello with a fatal alert, by its number. */
	readonly alerts: { readonly [description: number]: Endpoint };
}

export interface Outcome {
	readonly status: "passed" | "failed" | "skipped";
	readonly reason?: string;
}

export interface Case {
	/** A sentence of the specification. */
	readonly title: string;
	readonly run: (trial: Trial) => void;
}

export interface Suite {
	readonly title: string;
	readonly cases: readonly Case[];
}

/** One run of one case. Everything a case does later goes through `on`, so that no exception escapes a callback. */
export class Trial {
	readonly device: Device;
	readonly world: World;
	#finish: ((outcome: Outcome) => void) | undefined;
	#cleanups: (() => void)[] = [];

	constructor(device: Device, world: World, finish: (outcome: Outcome) => void) {
		this.device = device;
		this.world = world;
		this.#finish = finish;
	}

	/** `callback`, with what it throws becoming the outcome. `this` is handed on. */
	on<This, Arguments extends unknown[]>(
		callback: (this: This, ...rest: Arguments) => void,
	): (this: This, ...rest: Arguments) => void {
		const trial = this;
		return function (this: This, ...rest: Arguments) {
			if (!trial.#finish) return;
			try {
				callback.apply(this, rest);
			} catch (error) {
				trial.fail(error);
			}
		};
	}
	/** Runs `callback` in a later turn of the device, after what is pending now had its chance. */
	later(callback: () => void, delay = 20): void {
		this.device.timer.set(this.on(callback), delay);
	}
	/** Closed when the case ends, with any outcome. */
	keep<Instance extends { close(): void }>(instance: Instance): Instance {
		this.#cleanups.push(() => instance.close());
		return instance;
	}

	ok(value: unknown, message: string): void {
		if (!value) throw new Error(message);
	}
	equal(actual: unknown, expected: unknown, message = ""): void {
		if (!Object.is(actual, expected))
			throw new Error(`${message && `${message}: `}expected ${show(expected)}, found ${show(actual)}`);
	}
	bytes(actual: ArrayBuffer | Uint8Array | undefined, expected: readonly number[], message = ""): void {
		const found = actual === undefined ? "nothing" : new Uint8Array(actual as ArrayBuffer).join();
		this.equal(found, expected.join(), message);
	}
	throws(action: () => void, message = "expected an exception"): void {
		try {
			action();
		} catch {
			return;
		}
		throw new Error(message);
	}

	done(): void {
		this.#end({ status: "passed" });
	}
	fail(error: unknown): void {
		this.#end({ status: "failed", reason: error instanceof Error ? error.message : String(error) });
	}
	/** This host cannot show it, and why. */
	skip(reason: string): void {
		this.#end({ status: "skipped", reason });
	}

	#end(outcome: Outcome): void {
		const finish = this.#finish;
		if (!finish) return;
		this.#finish = undefined;
		for (const cleanup of this.#cleanups) {
			try {
				cleanup();
			} catch (error) {
				outcome = { status: "failed", reason: `while closing: ${error}` };
			}
		}
		finish(outcome);
	}
}

/** Runs one case; `finish` is called exactly once, perhaps before this returns. */
export function run(item: Case, device: Device, world: World, finish: (outcome: Outcome) => void): void {
	const trial = new Trial(device, world, finish);
	trial.on(() => item.run(trial)).call(undefined);
}

function show(value: unknown): string {
	return typeof value === "string" ? `"${value}"` : String(value);
}
