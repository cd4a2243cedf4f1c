/**
 * TCP socket (ECMA-419 §10) and what it inherits from the IO and Base Class Patterns (§8, §9), against the loopback
 * servers of world.ts.
 */

import type { TCP, TCPClass, TCPOptions, TCPWriteOptions } from "../../modules/mqtt/io.js";
import type { Endpoint, Suite, Trial } from "./suite.js";

type Callbacks = Pick<TCPOptions, "onReadable" | "onWritable" | "onError">;

function open(trial: Trial, endpoint: Endpoint, callbacks: Callbacks = {}, more: object = {}): TCP {
	const { onReadable, onWritable, onError } = callbacks;
	const options: TCPOptions = {
		...more,
		address: endpoint.address,
		port: endpoint.port,
		...(onReadable && { onReadable: trial.on(onReadable) }),
		...(onWritable && { onWritable: trial.on(onWritable) }),
		onError: trial.on(
			onError ??
				(reason => {
					throw new Error(`onError: ${reason}`);
				}),
		),
	};
	return trial.keep(new (socket(trial))(options));
}

function socket(trial: Trial): TCPClass {
	return trial.device.network.mqtt.client.socket.io;
}

/** Only the first time that a socket is writable: when it is connected. */
function once(act: (this: TCP, room: number) => void): (this: TCP, room: number) => void {
	let first = true;
	return function (room) {
		if (!first) return;
		first = false;
		act.call(this, room);
	};
}

/** ASCII only: these suites know no encoder. */
function ascii(text: string): Uint8Array {
	return Uint8Array.from(text, character => character.charCodeAt(0));
}
function text(bytes: ArrayBuffer | number | undefined): string {
	// Not by spreading: as arguments, a segment's bytes overflow a device's stack.
	let result = "";
	for (const byte of new Uint8Array(bytes as ArrayBuffer)) result += String.fromCharCode(byte);
	return result;
}

/** Calls back with each line that arrives. */
function lines(trial: Trial, callback: (this: TCP, line: string) => void): (this: TCP) => void {
	let rest = "";
	return trial.on(function (this: TCP) {
		rest += text(this.read());
		for (let end = rest.indexOf("\n"); end >= 0; end = rest.indexOf("\n")) {
			const line = rest.slice(0, end);
			rest = rest.slice(end + 1);
			callback.call(this, line);
		}
	});
}

const bad: readonly (readonly [what: string, options: object | undefined])[] = [
	["no options", undefined],
	["no address", { port: 1 }],
	["an address that is not a string", { address: 127, port: 1 }],
	["no port", { address: "127.0.0.1" }],
	["a port of 65536", { address: "127.0.0.1", port: 65536 }],
	["a negative port", { address: "127.0.0.1", port: -1 }],
	["an unknown format", { address: "127.0.0.1", port: 1, format: "string" }],
	["a callback that is no function", { address: "127.0.0.1", port: 1, onReadable: 1 }],
];

const suite: Suite = {
	title: "TCP socket",
	cases: [
		...bad.map(([what, options]) => ({
			title: `the constructor throws given ${what} (§8)`,
			run(trial: Trial) {
				trial.throws(() => new (socket(trial))(options as TCPOptions));
				trial.done();
			},
		})),
		{
			title: "the constructor takes a frozen options object and ignores properties it does not know (§8)",
			run(trial) {
				const { address, port } = trial.world.echo;
				const options = Object.freeze({
					address,
					port,
					io: null,
					nonsense: {},
					onWritable: trial.on(() => trial.done()),
				});
				trial.keep(new (socket(trial))(options));
			},
		},
		{
			title: "before it is connected a socket has nothing to read and takes no byte (§9)",
			run(trial) {
				const tcp = open(trial, trial.world.echo);
				trial.equal(tcp.read(), undefined);
				trial.throws(() => tcp.write(Uint8Array.of(1)));
				trial.done();
			},
		},
		{
			title: "onWritable first fires at connect, with the room there is, `this` being the socket (§10)",
			run(trial) {
				let returned = false;
				const tcp: TCP = open(trial, trial.world.echo, {
					onWritable: once(function (bytes) {
						trial.ok(returned, "called inside the constructor");
						trial.ok(this === tcp, "`this` is not the socket");
						trial.ok(Number.isInteger(bytes) && bytes > 0, `expected a positive count, found ${bytes}`);
						trial.done();
					}),
				});
				returned = true;
			},
		},
		{
			title: "write returns what may still be written (§10)",
			run(trial) {
				open(trial, trial.world.stall, {
					onWritable: once(function (bytes) {
						const left = this.write(new Uint8Array(100));
						trial.ok(left < bytes, `expected less than ${bytes}, found ${left}`);
						trial.ok(left >= bytes - 1000, `expected about ${bytes - 100}, found ${left}`);
						trial.done();
					}),
				});
			},
		},
		{
			title: "a write that does not fit throws and writes nothing (§9)",
			run(trial) {
				let answer = "";
				open(trial, trial.world.echo, {
					onWritable: once(function (bytes) {
						trial.throws(() => this.write(new Uint8Array(bytes + 1)));
						this.write(ascii("ok"));
					}),
					onReadable() {
						answer += text(this.read());
						if (answer.length < 2) return;
						trial.equal(answer, "ok");
						trial.done();
					},
				});
			},
		},
		{
			title: "what write was given may be changed at once without changing what is sent (§9)",
			run(trial) {
				open(trial, trial.world.echo, {
					onWritable: once(function () {
						const scratch = Uint8Array.of(1, 2, 3, 4);
						this.write(scratch);
						scratch.fill(9);
					}),
					onReadable(bytes) {
						if (bytes < 4) return;
						trial.bytes(this.read() as ArrayBuffer, [1, 2, 3, 4]);
						trial.done();
					},
				});
			},
		},
		{
			title: "a view restricts what is written and read to its window (§9)",
			run(trial) {
				open(trial, trial.world.echo, {
					onWritable: once(function () {
						const whole = Uint8Array.of(0, 1, 2, 3, 4, 5);
						this.write(whole.subarray(1, 3));
						this.write(new DataView(whole.buffer, 3, 2));
						this.write(new Int8Array(whole.buffer, 5));
					}),
					onReadable(bytes) {
						if (bytes < 5) return;
						const target = new Uint8Array(8);
						trial.equal(this.read(target.subarray(2, 4)), 2);
						trial.equal(this.read(new DataView(target.buffer, 5, 3)), 3);
						trial.bytes(target, [0, 0, 1, 2, 0, 3, 4, 5]);
						trial.equal(this.read(), undefined);
						trial.done();
					},
				});
			},
		},
		{
			title: "onReadable fires once for new data with all that can be read, and again only for more (§9)",
			run(trial) {
				let calls = 0;
				const tcp = open(trial, trial.world.echo, {
					onWritable: once(function () {
						this.write(Uint8Array.of(1, 2));
					}),
					onReadable(bytes) {
						calls++;
						if (calls === 1) {
							trial.equal(bytes, 2);
							trial.bytes(this.read(1) as ArrayBuffer, [1]);
							trial.later(() => {
								trial.equal(calls, 1, "calls without new data");
								tcp.write(Uint8Array.of(3));
							});
						} else {
							trial.equal(bytes, 2, "what was left and what is new");
							trial.bytes(this.read() as ArrayBuffer, [2, 3]);
							trial.done();
						}
					},
				});
			},
		},
		{
			title: "read(n) gives at most n bytes in a new ArrayBuffer, and read(buffer) the count (§9)",
			run(trial) {
				open(trial, trial.world.echo, {
					onWritable: once(function () {
						this.write(Uint8Array.of(1, 2, 3, 4, 5));
					}),
					onReadable(bytes) {
						if (bytes < 5) return;
						const two = this.read(2) as ArrayBuffer;
						trial.ok(two instanceof ArrayBuffer, "expected an ArrayBuffer");
						trial.bytes(two, [1, 2]);
						const target = new Uint8Array(10);
						trial.equal(this.read(target), 3);
						trial.bytes(target.slice(0, 3), [3, 4, 5]);
						trial.equal(this.read(target), undefined);
						trial.equal(this.read(2), undefined);
						trial.done();
					},
				});
			},
		},
		{
			title: "in format `number` bytes are written and read one at a time (§10)",
			run(trial) {
				const tcp: TCP = open(trial, trial.world.echo, {
					onWritable: once(function () {
						this.format = "number";
						trial.equal(this.format, "number");
						this.write(0);
						this.write(255);
					}),
					onReadable(bytes) {
						if (bytes < 2) return;
						trial.equal(this.read(), 0);
						trial.equal(this.read(), 255);
						trial.equal(this.read(), undefined);
						trial.done();
					},
				});
				trial.equal(tcp.format, "buffer", "the default");
			},
		},
		{
			title: "setting an unknown format throws and changes nothing (§9)",
			run(trial) {
				const tcp = open(trial, trial.world.echo);
				trial.throws(() => {
					(tcp as { format: string }).format = "uint64";
				});
				trial.equal(tcp.format, "buffer");
				trial.done();
			},
		},
		{
			title: "fragments written with `more` leave as one segment with the last (§10)",
			run(trial) {
				open(trial, trial.world.segments, {
					onWritable: once(function () {
						this.write(ascii("head"), { more: true, byteLength: 12 });
						this.write(ascii("body"), { more: true });
						this.write(ascii("tail"));
					}),
					onReadable: lines(trial, line => {
						trial.equal(line, "12");
						trial.done();
					}),
				});
			},
		},
		{
			title: "a sequence longer than the write buffer flows without waiting for its end (§10)",
			run(trial) {
				let total = 100_000;
				let started = false;
				let echoed = 0;
				const fragment = new Uint8Array(1000);
				function pump(this: TCP, room: number): void {
					while (total > 0 && room >= fragment.byteLength) {
						total -= fragment.byteLength;
						room = this.write(fragment, { more: total > 0 });
					}
				}
				open(trial, trial.world.echo, {
					onWritable(bytes) {
						if (!started) {
							started = true;
							bytes = this.write(fragment, { more: true, byteLength: total });
							total -= fragment.byteLength;
						}
						pump.call(this, bytes);
					},
					onReadable() {
						echoed += (this.read() as ArrayBuffer).byteLength;
						if (echoed === 100_000) trial.done();
					},
				});
			},
		},
		{
			title: "a sequence whose end does not come is sent all the same, in time (§10)",
			run(trial) {
				const options: TCPWriteOptions = { more: true };
				open(trial, trial.world.segments, {
					onWritable: once(function () {
						this.write(ascii("half"), options);
					}),
					onReadable: lines(trial, line => {
						trial.equal(line, "4");
						trial.done();
					}),
				});
			},
		},
		{
			title:
				"a peer that reads nothing stops the writer without losing a byte, and onWritable resumes it (§10)",
			run(trial) {
				const goal = trial.world.stallLength ?? 8 * 1024 * 1024;
				const fragment = new Uint8Array(4096);
				let sent = 0;
				let released = false;
				open(trial, trial.world.stall, {
					onWritable(bytes) {
						while (sent < goal && bytes >= fragment.byteLength) {
							bytes = this.write(fragment);
							sent += fragment.byteLength;
						}
						const at = sent;
						if (sent === goal || released) return;
						trial.later(() => {
							if (at !== sent || released) return;
							released = true;
							trial.throws(() => this.write(new Uint8Array(65536)), "expected the full buffer to refuse");
							open(trial, trial.world.release, { onError() {} });
						}, 100);
					},
					onReadable: lines(trial, line => {
						trial.ok(released, "the writer was never stopped");
						if (Number(line) === goal) trial.done();
					}),
				});
			},
		},
		{
			title: "a reader that does not read is sent a bounded amount, and later gets every byte in order (§9)",
			run(trial) {
				const { floodLength, flood } = trial.world;
				let most = 0;
				let quiet = 0;
				let reading = false;
				let count = 0;
				const take = (tcp: TCP) => {
					for (let part = tcp.read(); part !== undefined; part = tcp.read())
						for (const byte of new Uint8Array(part as ArrayBuffer)) {
							if (byte !== ((count * 7) & 255)) throw new Error(`byte ${count} is ${byte}`);
							count++;
						}
					// An end that comes while bytes wait to be read is another case's.
					if (count === floodLength) tcp.write(Uint8Array.of(1));
				};
				const tcp: TCP = open(trial, flood, {
					onReadable(bytes) {
						if (reading) return take(this);
						most = Math.max(most, bytes);
						const mark = ++quiet;
						trial.later(() => {
							if (mark !== quiet) return;
							trial.ok(most <= 128 * 1024, `${most} bytes were held for a reader that does not read`);
							reading = true;
							take(tcp);
						}, 50);
					},
					onError() {
						trial.equal(count, floodLength, "bytes read");
						trial.done();
					},
				});
			},
		},
		{
			title: "what the peer said before it closed is read first, then onError comes once (§10)",
			run(trial) {
				let said = "";
				let errors = 0;
				open(trial, trial.world.farewell, {
					onReadable() {
						trial.later(() => {
							trial.equal(errors, 0, "onError before the data was read");
							said += text(this.read());
						});
					},
					onError() {
						errors++;
						trial.equal(said, "bye");
						trial.throws(() => this.write(Uint8Array.of(1)), "expected write to throw after onError");
						trial.later(() => {
							trial.equal(errors, 1, "calls of onError");
							trial.done();
						});
					},
				});
			},
		},
		{
			title: "a reset is reported by onError once (§10)",
			run(trial) {
				let errors = 0;
				open(trial, trial.world.reset, {
					onWritable: once(function () {
						this.write(Uint8Array.of(1));
					}),
					onError() {
						errors++;
						trial.later(() => {
							trial.equal(errors, 1, "calls of onError");
							trial.done();
						});
					},
				});
			},
		},
		{
			title: "a refused connection is reported by onError, later, and never writable (§10)",
			run(trial) {
				let returned = false;
				open(trial, trial.world.refused, {
					onWritable() {
						throw new Error("writable");
					},
					onError() {
						trial.ok(returned, "called inside the constructor");
						trial.done();
					},
				});
				returned = true;
			},
		},
		{
			title: "callbacks are not called inside a public method (§8)",
			run(trial) {
				let depth = 0;
				let written = false;
				const guarded = <T>(action: () => T): T => {
					depth++;
					try {
						return action();
					} finally {
						depth--;
					}
				};
				const outside = () => trial.equal(depth, 0, "public methods under way");
				const tcp: TCP = guarded(() =>
					open(trial, trial.world.echo, {
						onWritable() {
							outside();
							if (written) return;
							written = true;
							guarded(() => this.write(new Uint8Array(2000)));
						},
						onReadable() {
							outside();
							guarded(() => this.read());
							guarded(() => this.close());
							trial.later(() => trial.done());
						},
					}),
				);
				trial.equal(
					guarded(() => tcp.read()),
					undefined,
				);
			},
		},
		{
			title: "close may be repeated, and every other method then throws (§8)",
			run(trial) {
				const tcp = open(trial, trial.world.echo);
				tcp.close();
				tcp.close();
				trial.throws(() => tcp.read());
				trial.throws(() => tcp.write(Uint8Array.of(1)));
				trial.throws(() => {
					tcp.format = "number";
				});
				trial.done();
			},
		},
		{
			title: "nothing is called back after close, not even close inside the first callback (§8)",
			run(trial) {
				let closed = false;
				const outside = () => trial.ok(!closed, "called back after close");
				open(trial, trial.world.flood, {
					onWritable: outside,
					onError: outside,
					onReadable() {
						outside();
						closed = true;
						this.close();
						trial.later(() => trial.done(), 50);
					},
				});
			},
		},
		{
			title: "a connection closed while it is being made calls nothing back (§8)",
			run(trial) {
				const never = () => {
					throw new Error("called back after close");
				};
				open(trial, trial.world.echo, { onWritable: never, onReadable: never, onError: never }).close();
				trial.later(() => trial.done(), 50);
			},
		},
		{
			title: "what was written before close still arrives, a sequence without its end included (§10)",
			run(trial) {
				open(trial, trial.world.ledger, {
					onWritable: once(function () {
						this.write(ascii("last words"), { more: true });
						this.close();
						ask();
					}),
				});
				// The ledger answers each second connection with what the one before it had said when it ended.
				const ask = trial.on(() => {
					let asked = false;
					open(trial, trial.world.ledger, {
						onWritable() {
							if (!asked) this.write(ascii("?"));
							asked = true;
						},
						onReadable: lines(trial, line => {
							trial.equal(line, "last words");
							trial.done();
						}),
						onError() {},
					});
				});
			},
		},
		{
			title: "without callbacks a socket works by polling (§9)",
			run(trial) {
				const { address, port } = trial.world.farewell;
				const tcp = trial.keep(new (socket(trial))({ address, port }));
				const poll = trial.on(() => {
					const data = tcp.read();
					if (data === undefined) trial.later(poll, 5);
					else {
						trial.equal(text(data), "bye");
						trial.done();
					}
				});
				poll();
			},
		},
	],
};

export default suite;
