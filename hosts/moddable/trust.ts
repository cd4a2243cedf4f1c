/**
 * `ssl/cert` in the place of the SDK's own: whether a server's certificates are to be believed (RFC 5280 §6.1, RFC 6125
 * §6.4), with the reason where they are not, and what we show of ourselves. The SDK's (8.2.3) goes on after a signature
 * that does not fit: it believes anybody who sends the authority's certificate behind one of his own making.
 * Not looked at: key usage (what is extended is), name constraints, revocation.
 */

/// <reference path="./sdk.d.ts" />

import Resource from "Resource";
import BER from "ber";
import Bin from "bin";
import { Digest } from "crypt";
import ECDSA from "ecdsa";
import { refusal } from "hosts/moddable/refusal";
import { wellFormed } from "hosts/shared/der";
import PKCS1 from "pkcs1";
import PKCS1_5 from "pkcs1_5";
import PKCS8 from "pkcs8";
import X509, { type Certificate, type Key } from "x509";

type Bytes = ArrayBuffer | Uint8Array;

/** What a handshake has come to; the SDK's session hands it round. */
export interface Progress {
	/** The server has asked for a certificate of ours. */
	asked: boolean;
	/** The server has proved that it alone knows the keys (handshake.ts). */
	secured: boolean;
}

/** The SDK's names; one authority or several. */
interface Options {
	readonly certificate?: Bytes | readonly Bytes[];
	/** Our own first, then what vouches for it. */
	readonly clientCertificates?: readonly Bytes[];
	readonly clientKey?: Bytes;
	readonly progress?: Progress;
}

/** Before this no clock has been set: every certificate is then of the future. */
const SET = Date.UTC(2025, 0, 1);

export default class CertificateManager {
	/** What the image has of the SDK's collection if there is none. */
	private readonly authorities: readonly Bytes[] | undefined;
	private readonly chain: readonly Bytes[];
	private readonly key: Bytes | undefined;
	private readonly progress: Progress | undefined;
	private peer: Bytes | undefined;

	constructor({ certificate, clientCertificates = [], clientKey, progress }: Options) {
		if (certificate) this.authorities = Array.isArray(certificate) ? certificate : [certificate as Bytes];
		this.chain = clientCertificates;
		this.key = clientKey;
		this.progress = progress;
	}

	/** Throws where the first of `chain` is not to be believed for this name. */
	verify(
		chain: readonly Uint8Array[],
		{ tls_server_name: host }: { readonly tls_server_name: string },
	): true {
		const path = this.path(chain);
		if (!named(chain[0] as Uint8Array, host.toLowerCase()))
			throw refusal("tls-name", "the server's certificate is for another name");
		const now = Date.now();
		path.forEach(({ tbs }) => {
			if (now < SET) throw refusal("tls-time", "the clock has not been set");
			const { from, to } = X509.decodeTBS(tbs).validity;
			// So that what is no date fits neither.
			if (!(now >= from)) throw refusal("tls-early", "a certificate is not valid yet: is the clock right?");
			if (!(now <= to)) throw refusal("tls-expired", "a certificate has expired");
		});
		return true;
	}
	/** The peer, as soon as it has been verified. */
	register(certificate: Bytes): void {
		this.peer = certificate;
	}
	getKey(certificate: Bytes): Key | object {
		if (certificate !== undefined && certificate === this.peer) return X509.decode(certificate).spki;
		if (this.key && certificate === this.chain[0])
			return PKCS8.parse(new Uint8Array(this.key as ArrayBuffer));
		throw refusal("tls-failed", "a key is needed before its certificate has come");
	}
	findPreferredCert(): readonly Bytes[] {
		if (this.progress) this.progress.asked = true;
		return this.chain;
	}

	/** From the server's certificate to the authority that is trusted, each signed by the next. */
	private path(chain: readonly Uint8Array[]): readonly Certificate[] {
		const path: Certificate[] = [];
		for (let i = 0; i < chain.length && i < LONGEST; i++) {
			const bytes = chain[i] as Uint8Array;
			// The SDK's parser believes every length, and would read, or allocate, far beyond.
			if (!wellFormed(bytes)) throw refusal("tls-failed", "a certificate is not well formed");
			const certificate = X509.decode(bytes);
			if (i === 0 && !solid(certificate.spki)) throw refusal("tls-failed", "the server's key is too weak");
			if (!serving(bytes)) break;
			if (i > 0) {
				if (!issuing(bytes, i - 1) || !signed(path[i - 1] as Certificate, certificate.spki)) break;
			}
			path.push(certificate);
			const authority = this.authority(bytes, certificate, i);
			if (authority) {
				path.push(authority);
				return path;
			}
		}
		throw refusal(
			"tls-authority",
			"the server's certificate comes from an authority that is not trusted, or lacks those between",
		);
	}
	/** The trusted one that has signed it, and that allows so many authorities below it. */
	private authority(bytes: Uint8Array, certificate: Certificate, below: number): Certificate | undefined {
		const issuer = X509.decodeTBS(certificate.tbs).issuer;
		for (const candidate of this.authorities ?? collected(bytes)) {
			const authority = X509.decode(candidate);
			// By name first: a signature costs a second on a small chip.
			if (Bin.comp(X509.decodeTBS(authority.tbs).subject, issuer) !== 0) continue;
			if (below > most(candidate)) continue;
			if (signed(certificate, authority.spki)) return authority;
		}
		return undefined;
	}
}

/** Of the SDK's collection, what has the key identifier that this certificate gives for its issuer's. */
const collected = (certificate: Uint8Array): readonly Bytes[] => {
	if (!Resource.exists("ca.ski")) return [];
	const wanted = X509.decodeAKI(certificate);
	if (!wanted) return [];
	const identifiers = new Resource("ca.ski") as unknown as ArrayBuffer;
	for (let i = 0; i < identifiers.byteLength; i += 20) {
		const name = `ca${i / 20}.der`;
		// An image has the index to all, and those that its manifest names.
		if (Bin.comp(identifiers.slice(i, i + 20), wanted) === 0 && Resource.exists(name))
			return [new Uint8Array(new Resource(name) as unknown as ArrayBuffer)];
	}
	return [];
};

/** basicConstraints says that it may issue others, and have so many authorities below it (RFC 5280 §4.2.1.9). */
const issuing = (certificate: Uint8Array, below: number): boolean => {
	const constraints = X509.decodeExtension(certificate, [2, 5, 29, 19]);
	if (!constraints) return false;
	const [sequence, , boolean, length, value] = new Uint8Array(constraints);
	return sequence === 0x30 && boolean === 1 && length === 1 && value !== 0 && below <= most(certificate);
};

/** How many authorities may stand below this one: pathLenConstraint, of one byte where there is any. */
const most = (certificate: Bytes): number => {
	const constraints = X509.decodeExtension(certificate, [2, 5, 29, 19]);
	const [, , , , , tag, length, value = 0] = constraints ? new Uint8Array(constraints) : [];
	return tag === 2 && length === 1 ? value : LONGEST;
};

/** Extended key usage, where there is any, names servers (RFC 5280 §4.2.1.12); "any use" is not enough, as with OpenSSL. */
const serving = (certificate: Uint8Array): boolean => {
	const usages = X509.decodeExtension(certificate, [2, 5, 29, 37]);
	if (!usages) return true;
	const bytes = new Uint8Array(usages);
	for (let at = 2; at < bytes.byteLength; ) {
		const length = bytes[at + 1] ?? 0;
		const usage = bytes.slice(at + 2, at + 2 + length).join();
		if (usage === "43,6,1,5,5,7,3,1") return true;
		at += 2 + length;
	}
	return false;
};

/** The SDK's check of the server's proof is lenient: with a small exponent such a proof can be forged without the key. */
const solid = ({ modulus, exponent = 0n }: Key): boolean => modulus === undefined || exponent >= 65_537n;

/** Certificates that are looked at, and bits of an RSA key. */
const LONGEST = 5;
const MOST = 4096n;
const hashes = Object.freeze(["SHA256", "SHA384", "SHA512"]);

/** No more than what a certificate of today is signed with: no MD5, no SHA-1. */
const signed = ({ tbs, algo, sig }: Certificate, key: Key): boolean => {
	const algorithm = algo.toString();
	const [, last] = /^1,2,840,(?:113549,1,1,1|10045,4,3,)(\d)$/.exec(algorithm) ?? [];
	const rsa = algorithm.startsWith("1,2,840,113549");
	// RSA with SHA-256, -384 and -512 are 11, 12 and 13; ECDSA with them 2, 3 and 4.
	const size = Number(last) - (rsa ? 0 : 1);
	if (!(size >= 1 && size <= 3)) return false;
	const hash = new Digest(hashes[size - 1] as "SHA256");
	hash.write(tbs as unknown as ArrayBuffer);
	const digest = hash.close();
	if (rsa) {
		const { modulus = 0n, exponent = 0n } = key;
		// A key without a valid signature could keep us busy for hours.
		if (!(modulus & 1n) || modulus >> MOST || exponent < 3n || exponent >> 32n) return false;
		// Encoded and compared as a whole (RFC 8017 §8.2.2): a lenient parser lets forgeries through.
		const scheme = new PKCS1_5(key, false, [2, 16, 840, 1, 101, 3, 4, 2, size]);
		return scheme.rsa.process(PKCS1.OS2IP(sig)) === scheme.emsaEncode(digest, scheme.modulusSize - 1);
	}
	if (!key.pub || !key.curve) return false;
	const pair = new BER(new BER(sig).getSequence());
	const [r, s] = [pair.getInteger(), pair.getInteger()];
	// Zeros would fit any key.
	if (r <= 0n || s <= 0n) return false;
	// Of a digest longer than the curve its front counts (FIPS 186-5 §6.4.2).
	return new ECDSA(key.pub, key.curve).verify(digest.slice(0, key.curve.orderSize), sig, true);
};

const named = (certificate: Uint8Array, host: string): boolean => {
	const address = /^\d+\.\d+\.\d+\.\d+$/.test(host);
	for (const { tag, value } of X509.decodeSAN(certificate) ?? []) {
		if (address && tag === 7 && new Uint8Array(value as ArrayBuffer).join(".") === host) return true;
		if (!address && tag === 2 && matches((value as string).toLowerCase(), host)) return true;
	}
	return false;
};

/** A `*` stands for the whole first label, and not right below the top (RFC 6125 §6.4.3). */
const matches = (name: string, host: string): boolean => {
	if (!name.startsWith("*.")) return name === host;
	const dot = host.indexOf(".");
	return dot > 0 && name.indexOf(".", 2) > 0 && name.slice(1) === host.slice(dot);
};
