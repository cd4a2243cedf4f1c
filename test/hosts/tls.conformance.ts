/**
 * TLS Client socket (ECMA-419 §10): whom it trusts, what it refuses and with which reason, and that a secured connection
 * keeps the promises of TCP. Against the echo servers of world.ts.
 */

import type { Device } from "../../modules/device/io.js";
import type { TCP, TCPOptions } from "../../modules/mqtt/io.js";
import type { Case, Endpoint, Suite, Trial, World } from "./suite.js";

const bytes = (numbers: readonly number[]) => Uint8Array.from(numbers);

function item(title: string, run: (trial: Trial, world: World["tls"]) => void): Case {
	return {
		title,
		run(trial) {
			if (trial.device.network.mqtts) run(trial, trial.world.tls);
			else trial.skip("this host has no TLS");
		},
	};
}

function open(
	trial: Trial,
	{ address, port }: Endpoint,
	tls: object,
	callbacks: Pick<TCPOptions, "onReadable" | "onWritable" | "onError"> = {},
): TCP {
	const { mqtts } = trial.device.network as Required<Device["network"]>;
	const { io, ...defaults } = mqtts.client.socket;
	const { onReadable, onWritable, onError } = callbacks;
	return trial.keep(
		new io({
			...defaults,
			address,
			port,
			tls,
			...(onReadable && { onReadable: trial.on(onReadable) }),
			...(onWritable && { onWritable: trial.on(onWritable) }),
			onError: trial.on(
				onError ??
					(reason => {
						throw new Error(`onError: ${(reason as { code?: unknown })?.code} ${reason}`);
					}),
			),
		}),
	);
}

const of = (world: World["tls"], endpoint: keyof World["tls"] | ((world: World["tls"]) => Endpoint)) =>
	typeof endpoint === "function" ? endpoint(world) : (world[endpoint] as Endpoint);

/** The connection stands, and a byte goes to and fro. */
function accepted(
	title: string,
	endpoint: keyof World["tls"] | ((world: World["tls"]) => Endpoint),
	options: (world: World["tls"]) => object,
): Case {
	return item(title, (trial, world) => {
		let first = true;
		open(trial, of(world, endpoint), options(world), {
			onWritable(room) {
				if (!first) return;
				first = false;
				trial.ok(room > 0, `room for ${room} bytes`);
				this.write(Uint8Array.of(42));
			},
			onReadable() {
				trial.bytes(this.read() as ArrayBuffer, [42]);
				trial.done();
			},
		});
	});
}

/** `onError` once, with this code or one of them, and nothing else before or after. */
function refused(
	title: string,
	code: string | readonly string[],
	endpoint: keyof World["tls"] | ((world: World["tls"]) => Endpoint),
	options: (world: World["tls"]) => object,
	/** Before the connection stands. */
	early = true,
): Case {
	const codes = typeof code === "string" ? [code] : code;
	return item(`${title}: no connection, onError once with code "${codes.join('" or "')}"`, (trial, world) => {
		let errors = 0;
		open(trial, of(world, endpoint), options(world), {
			onWritable() {
				// TLS 1.3 lets a client finish before the server has looked at its certificate.
				if (early) throw new Error("writable");
			},
			onError(reason) {
				errors++;
				trial.ok(reason instanceof Error, `expected an Error, found ${reason}`);
				const { code } = reason as { readonly code?: string };
				trial.ok(code && codes.includes(code), `found ${code}: ${reason}`);
				trial.later(() => {
					trial.equal(errors, 1, "calls of onError");
					trial.done();
				});
			},
		});
	});
}

const trusting = ({ host, ca }: World["tls"]) => ({ host, ca: bytes(ca) });

const bad: readonly (readonly [what: string, change: (world: World["tls"]) => object | undefined])[] = [
	["no tls", () => undefined],
	["no tls.host", ({ ca }) => ({ ca: bytes(ca) })],
	["an unknown version", world => ({ ...trusting(world), minimumVersion: "SSLv3" })],
	["an authority that is not DER", ({ host }) => ({ host, ca: Uint8Array.of(1, 2, 3) })],
	["a truncated authority", ({ host, ca }) => ({ host, ca: bytes(ca.slice(0, -1)) })],
	[
		"a client certificate without its key",
		w => ({ ...trusting(w), clientCertificate: bytes(w.clientCertificate) }),
	],
	[
		"a key that is not DER",
		w => ({
			...trusting(w),
			clientCertificate: bytes(w.clientCertificate),
			clientKey: Uint8Array.of(1, 2, 3),
		}),
	],
];

/** Of TLS 1.2, in OpenSSL's names: AWS IoT Core's first ones, for an RSA key and for an elliptic one. */
export const suites = [
	"ECDHE-RSA-AES128-GCM-SHA256",
	"ECDHE-RSA-AES256-GCM-SHA384",
	"ECDHE-ECDSA-AES128-GCM-SHA256",
	"ECDHE-ECDSA-AES256-GCM-SHA384",
];

const alerts: readonly (readonly [description: number, what: string, code: string])[] = [
	[40, "handshake_failure", "tls-handshake"],
	[42, "bad_certificate", "tls-client-refused"],
	[48, "unknown_ca", "tls-client-refused"],
	[70, "protocol_version", "tls-handshake"],
	[80, "internal_error", "tls-failed"],
	[116, "certificate_required", "tls-client-certificate"],
];

const suite: Suite = {
	title: "TLS Client socket",
	cases: [
		accepted("a server whose authority is given is trusted, by name (§10)", "echo", trusting),
		accepted("a server is trusted by address where the host is one (§10)", "echo", ({ ca }) => ({
			host: "127.0.0.1",
			ca: bytes(ca),
		})),
		accepted("`ca` may be an Array (§10)", "echo", ({ host, ca, otherCA }) => ({
			host,
			ca: [bytes(otherCA), bytes(ca).buffer],
		})),
		accepted("`ca` may hold several certificates in a row (§10)", "echo", ({ host, ca, otherCA }) => ({
			host,
			ca: bytes([...otherCA, ...ca]),
		})),
		accepted("a server may send its authority's certificate too", "whole", trusting),
		accepted(
			"a server is trusted through an authority below ours whose certificate it sends",
			"below",
			trusting,
		),
		accepted("a certificate may be for servers alone", "limited", trusting),
		accepted("an authority that allows none below it may issue a server's certificate", "narrow", trusting),
		accepted("an authority and a server may have RSA keys", "rsa", ({ host, rsaCA }) => ({
			host,
			ca: bytes(rsaCA),
		})),
		accepted("a `*` in a certificate stands for one label (RFC 6125)", "wildcard", ({ host, ca }) => ({
			host: `any.${host}`,
			ca: bytes(ca),
		})),
		accepted("TLS 1.2 is spoken with a server that knows no newer version (§10)", "old", trusting),
		...suites.map(name =>
			accepted(
				`the cipher suite ${name} of TLS 1.2 is spoken`,
				world => world.suites[name] as Endpoint,
				({ host, ca, rsaCA }) => ({ host, ca: bytes(name.includes("ECDSA") ? ca : rsaCA) }),
			),
		),
		accepted("a server's certificate may have 8 KB", "large", trusting),
		accepted("a client certificate and key open a server that asks for them (§10)", "mutual", world => ({
			...trusting(world),
			clientCertificate: bytes(world.clientCertificate),
			clientKey: bytes(world.clientKey),
		})),
		accepted("the same with TLS 1.2, both as Arrays (§10)", "oldMutual", world => ({
			...trusting(world),
			clientCertificate: [bytes(world.clientCertificate)],
			clientKey: [bytes(world.clientKey).buffer],
		})),

		item("a connection stands again, also where the server resumes the session", (trial, world) => {
			const echo = (byte: number, next: () => void) => {
				let first = true;
				open(trial, world.resuming, trusting(world), {
					onWritable() {
						if (first) this.write(Uint8Array.of(byte));
						first = false;
					},
					onReadable() {
						trial.bytes(this.read() as ArrayBuffer, [byte]);
						this.close();
						next();
					},
				});
			};
			// Thrice, for a host may try the session of another server first. Moddable's hosts resume none.
			echo(1, () => echo(2, () => echo(3, () => trial.done())));
		}),

		refused("a server of an unknown authority", "tls-authority", "echo", ({ host, otherCA }) => ({
			host,
			ca: bytes(otherCA),
		})),
		refused("a server the machine's own store does not know", "tls-authority", "echo", ({ host }) => ({
			host,
		})),
		refused(
			"a certificate that names the authority and is not signed by it",
			"tls-authority",
			"forged",
			trusting,
		),
		refused(
			"a certificate issued by a server, which is no authority",
			"tls-authority",
			"presumptuous",
			trusting,
		),
		refused("a certificate that is for clients alone", "tls-authority", "visitor", trusting),
		refused("more authorities in between than one of them allows", "tls-authority", "beyond", trusting),
		refused("another's certificate without proof of its key", "tls-failed", "unproven", trusting),
		refused("another's certificate with a proof that reads in two ways", "tls-failed", "ambiguous", trusting),
		refused("a server with another name", "tls-name", "otherName", trusting),
		refused("a server with the right name, asked for by another", "tls-name", "echo", ({ ca }) => ({
			host: "elsewhere.test",
			ca: bytes(ca),
		})),
		refused("a name with two labels in the place of a `*`", "tls-name", "wildcard", ({ host, ca }) => ({
			host: `any.other.${host}`,
			ca: bytes(ca),
		})),
		refused("a name with none in the place of a `*`", "tls-name", "wildcard", trusting),
		refused("an expired certificate", "tls-expired", "expired", trusting),
		refused("a certificate that is not valid yet", "tls-early", "early", trusting),
		refused("a missing client certificate", "tls-client-certificate", "mutual", trusting, false),
		// TLS 1.2 has no alert of its own for it; a host may remember that it was asked.
		refused(
			"a missing client certificate, TLS 1.2",
			["tls-handshake", "tls-client-certificate"],
			"oldMutual",
			trusting,
		),
		refused("a server without a version that is new enough", "tls-handshake", "old", world => ({
			...trusting(world),
			minimumVersion: "TLSv1.3",
		})),
		...alerts.map(([description, what, code]) =>
			refused(
				`alert ${description}, ${what}`,
				code,
				world => world.alerts[description] as Endpoint,
				trusting,
			),
		),
		refused("a server that answers in plain text", "tls-plain", "plain", trusting),
		refused("a server that answers with TLS 1.1", "tls-handshake", "outdated", trusting),
		refused("data that comes before the server has proved itself", "tls-failed", "foisted", trusting),
		refused("a server that says goodbye during the handshake", "tls-closed", "goodbye", trusting),
		refused("a server that hangs up during the handshake", "tls-closed", "hangup", trusting),

		item("plain bytes behind genuine data, ends the connection with a coded reason, once", (trial, world) => {
			let written = false;
			let read = "";
			open(trial, world.trailed, trusting(world), {
				onWritable() {
					if (!written) this.write(Uint8Array.of(63));
					written = true;
				},
				onReadable() {
					read += String.fromCharCode(...new Uint8Array(this.read() as ArrayBuffer));
				},
				onError(reason) {
					const { code = "" } = reason as { code?: string };
					trial.ok(/^tls-failed$/.test(code), `found ${code}: ${reason}`);
					trial.equal(read, "?");
					trial.later(() => trial.done());
				},
			});
		}),
		item("a client certificate of an unknown authority is of no use: onError once", (trial, world) => {
			const clientCertificate = bytes(world.strangerCertificate);
			open(
				trial,
				world.mutual,
				{ ...trusting(world), clientCertificate, clientKey: bytes(world.strangerKey) },
				{
					onReadable() {
						throw new Error("the server talks to a stranger");
					},
					onError(reason) {
						// A server over Node closes without an alert, before or after the client's side has finished.
						const code = (reason as { code?: string }).code ?? "";
						trial.ok(/^(tls-client-refused|tls-closed|closed|ECONNRESET)$/.test(code), `found ${code}`);
						trial.done();
					},
				},
			);
		}),
		item("a server that does not speak TLS is refused with a coded reason", (trial, world) => {
			open(trial, trial.world.farewell, trusting(world), {
				onWritable() {
					throw new Error("writable");
				},
				onError(reason) {
					const code = (reason as { code?: string }).code ?? "";
					// Depending on what the server says first, it is not TLS, or not enough of it.
					trial.ok(/^tls-(plain|closed|failed)$/.test(code), `found ${code}`);
					trial.done();
				},
			});
		}),
		item("the application protocol is negotiated, from a string or an Array (§10)", (trial, world) => {
			const ask = (applicationLayerProtocol: unknown, expected: string, next: () => void) => {
				let answer = "";
				let asked = false;
				const tcp = open(
					trial,
					world.alpn,
					{ ...trusting(world), applicationLayerProtocol },
					{
						onWritable() {
							if (!asked) this.write(Uint8Array.of(63));
							asked = true;
						},
						onReadable() {
							answer += String.fromCharCode(...new Uint8Array(this.read() as ArrayBuffer));
							if (!answer.endsWith("\n")) return;
							trial.equal(answer, `${expected}\n`);
							tcp.close();
							next();
						},
					},
				);
			};
			ask("mqtt", "mqtt", () =>
				ask(["x-unknown", Uint8Array.of(0x78, 0x2d, 0x6f, 0x74, 0x68, 0x65, 0x72)], "x-other", () =>
					trial.done(),
				),
			);
		}),
		...bad.map(([what, change]) =>
			item(`the constructor throws given ${what} (§8)`, (trial, world) => {
				trial.throws(() => open(trial, world.echo, change(world) as object));
				trial.done();
			}),
		),
		item("what a server says as soon as it may is read", (trial, world) => {
			let text = "";
			open(trial, world.greeting, trusting(world), {
				onReadable() {
					text += String.fromCharCode(...new Uint8Array(this.read() as ArrayBuffer));
					if (!text.endsWith("\n")) return;
					trial.equal(text, "hello\n");
					trial.done();
				},
			});
		}),
		item("records of 16 KiB are read, the longest that TLS has (RFC 8446 §5.1)", (trial, world) => {
			let first = true;
			let got = 0;
			open(trial, world.records, trusting(world), {
				onWritable() {
					if (first) this.write(Uint8Array.of(1));
					first = false;
				},
				onReadable() {
					for (const byte of new Uint8Array(this.read() as ArrayBuffer)) {
						if (byte !== ((got * 7) & 255)) throw new Error(`byte ${got} is ${byte}`);
						got++;
					}
					if (got === 48 * 1024) trial.done();
				},
			});
		}),
		item("64 KiB go to and fro through a full write buffer (§10)", (trial, world) => {
			const total = 65_536;
			const fragment = new Uint8Array(1024);
			let sent = 0;
			let got = 0;
			open(trial, world.echo, trusting(world), {
				onWritable(room) {
					for (; sent < total && room >= fragment.byteLength; sent += fragment.byteLength) {
						for (let i = 0; i < fragment.byteLength; i++) fragment[i] = ((sent + i) * 7) & 255;
						room = this.write(fragment, { more: sent + fragment.byteLength < total });
					}
				},
				onReadable() {
					for (const byte of new Uint8Array(this.read() as ArrayBuffer)) {
						if (byte !== ((got * 7) & 255)) throw new Error(`byte ${got} is ${byte}`);
						got++;
					}
					if (got === total) trial.done();
				},
			});
		}),
		item(
			"what was written before close still arrives, a sequence without its end included (§10)",
			(trial, world) => {
				const words = Uint8Array.from("last words", character => character.charCodeAt(0));
				let first = true;
				open(trial, world.ledger, trusting(world), {
					onWritable() {
						if (!first) return;
						first = false;
						this.write(words.subarray(0, 4));
						this.write(words.subarray(4), { more: true });
						this.close();
						ask();
					},
				});
				const ask = trial.on(() => {
					let answer = "";
					let asked = false;
					open(trial, world.ledger, trusting(world), {
						onWritable() {
							if (!asked) this.write(Uint8Array.of(63));
							asked = true;
						},
						onReadable() {
							for (const byte of new Uint8Array(this.read() as ArrayBuffer))
								answer += String.fromCharCode(byte);
							if (!answer.endsWith("\n")) return;
							trial.equal(answer, "last words\n");
							trial.done();
						},
						onError() {},
					});
				});
			},
		),
		item("nothing can be written before the handshake is done (§10)", (trial, world) => {
			let written = false;
			const tcp = open(trial, world.echo, trusting(world), {
				onWritable() {
					if (!written) this.write(Uint8Array.of(42));
					written = true;
				},
				onReadable() {
					trial.bytes(this.read() as ArrayBuffer, [42]);
					trial.done();
				},
			});
			trial.throws(() => tcp.write(Uint8Array.of(41)));
		}),
		item("callbacks stop at close, also in the middle of the handshake (§8)", (trial, world) => {
			const never = () => {
				throw new Error("called back after close");
			};
			const tcp = open(trial, world.echo, trusting(world), {
				onWritable: never,
				onReadable: never,
				onError: never,
			});
			tcp.close();
			tcp.close();
			trial.throws(() => tcp.write(Uint8Array.of(1)));
			trial.later(() => trial.done(), 100);
		}),
	],
};

export default suite;
