/** Modules of the SDK that its typings leave out, or describe too loosely to build upon. */

declare module "embedded:io/socket/tcp/tls" {
	const TLSSocket: unknown;
	export default TLSSocket;
}

declare module "system" {}

declare module "resetReason" {
	/** `reason` is ESP-IDF's number. */
	export default function getResetReason(): { readonly reason: number; readonly string: string };
}

declare module "embedded:sensor/Barometer-Temperature/BMP280" {
	const BMP280: unknown;
	export default BMP280;
}
declare module "embedded:sensor/Humidity-Temperature/SI7020" {
	const SI7020: unknown;
	export default SI7020;
}
declare module "embedded:sensor/Humidity-Temperature/SHT3x" {
	const SHT3x: unknown;
	export default SHT3x;
}
declare module "embedded:sensor/Temperature/TMP117" {
	const TMP117: unknown;
	export default TMP117;
}
declare module "embedded:sensor/Temperature/LM75" {
	const LM75: unknown;
	export default LM75;
}

/** The SDK's TLS from within: what trust.ts and handshake.ts stand on. */
declare module "x509" {
	export interface Key {
		readonly modulus?: bigint;
		readonly exponent?: bigint;
		readonly pub?: object;
		readonly curve?: { readonly orderSize: number };
	}
	export interface Certificate {
		readonly tbs: Uint8Array;
		readonly algo: Uint32Array;
		readonly sig: Uint8Array;
		readonly spki: Key;
	}
	type Bytes = ArrayBuffer | Uint8Array;
	const X509: {
		decode(certificate: Bytes): Certificate;
		decodeTBS(tbs: Bytes): {
			readonly issuer: Uint8Array;
			readonly subject: Uint8Array;
			readonly validity: { readonly from: number; readonly to: number };
		};
		/** The issuer's key identifier. */
		decodeAKI(certificate: Bytes): Uint8Array | undefined;
		decodeSAN(
			certificate: Bytes,
		): readonly { readonly tag: number; readonly value: string | ArrayBuffer }[] | undefined;
		decodeExtension(certificate: Bytes, identifier: readonly number[]): ArrayBuffer | undefined;
	};
	export default X509;
}
declare module "ber" {
	export default class BER {
		constructor(buffer: ArrayBuffer | Uint8Array);
		getSequence(): Uint8Array;
		getInteger(): bigint;
	}
}
declare module "bin" {
	const Bin: { comp(a: ArrayBuffer | Uint8Array, b: ArrayBuffer | Uint8Array): number };
	export default Bin;
}
declare module "ecdsa" {
	export default class ECDSA {
		constructor(key: object, curve: object);
		verify(digest: ArrayBuffer, signature: Uint8Array, asn1: boolean): boolean;
	}
}
declare module "pkcs1" {
	const PKCS1: { OS2IP(bytes: Uint8Array): bigint };
	export default PKCS1;
}
declare module "pkcs1_5" {
	export default class PKCS1_5 {
		constructor(key: object, secret: boolean, identifier: readonly number[]);
		readonly modulusSize: number;
		readonly rsa: { process(value: bigint): bigint };
		emsaEncode(digest: ArrayBuffer, length: number): bigint;
		sign(digest: ArrayBuffer): ArrayBuffer;
	}
}
declare module "modular" {
	export default class Modular {
		constructor(modulus: bigint);
		/** The inverse. */
		mulinv(number: bigint): bigint;
	}
}
declare module "mont" {
	export default class Mont {
		constructor(options: { readonly m: bigint });
		exp(base: bigint, exponent: bigint): bigint;
	}
}
declare module "rng" {
	const RNG: { get(byteLength: number): ArrayBuffer; init(seed: ArrayBuffer): void };
	export default RNG;
}
declare module "pkcs8" {
	const PKCS8: { parse(key: Uint8Array): { readonly modulus?: bigint; readonly exponent?: bigint } };
	export default PKCS8;
}
declare module "ssl/stream" {
	export default class SSLStream {
		constructor(bytes: ArrayBuffer | Uint8Array);
		readonly bytesAvailable: number;
		readChunk(length: number, shared: boolean): ArrayBuffer | Uint8Array;
	}
}
/** The SDK's `ssl/session`, which our manifest calls so. */
declare module "sdk/session" {
	export interface Socket {
		readonly readable: number;
	}
	export default class Session {
		readonly options: {
			readonly progress?: { readonly secured: boolean };
			readonly thrown?: (error: unknown) => void;
		};
		/** True when it is over, also when it has failed. */
		handshake(socket: Socket): boolean;
		/** Null when the peer has ended it. */
		read(socket: Socket): Uint8Array | null | undefined;
		putData(data: Uint8Array): void;
	}
}
/** The SDK's `ssl/handshake`, which our manifest calls so. */
declare module "sdk/handshake" {
	import type SSLStream from "ssl/stream";

	export interface Session {
		readonly alert?: object;
		readonly masterSecret?: object | null;
		readonly options: { readonly progress?: { secured: boolean } };
	}
	interface Message {
		unpacketize(session: Session, stream: SSLStream): void;
	}
	const handshake: {
		readonly clientHello: Message;
		readonly certificateVerify: Message;
		readonly clientKeyExchange: Message;
		readonly serverHello: Message;
		readonly serverKeyExchange: Message;
		readonly finished: Message;
	};
	export default handshake;
}
