/**
 * An RSA key for a simulated board, made in XS with the SDK's arithmetic: two primes of 1024 bits that are probably some (FIPS 186-5 §B.3),
 * in seconds. The random numbers are this machine's where it has /dev/urandom; elsewhere those of the SDK, which are no secret.
 */

/// <reference path="../moddable/sdk.d.ts" />

import Modular from "modular";
import Mont from "mont";
import RNG from "rng";
import { CertificateRequest } from "../moddable/request.js";
import { integer, value } from "../shared/pkcs10.js";
import { seed } from "./project.js";

const BYTES = 128;
const EXPONENT = 65_537n;
/** By these most candidates are found out at once. */
const PRIMORIAL = 3n * 5n * 7n * 11n * 13n * 17n * 19n * 23n * 29n * 31n * 37n * 41n * 43n * 47n * 53n;
/** Rounds of Miller and Rabin: a number of 1024 random bits is then wrong once in 2 ** 100. */
const ROUNDS = 5;

export class SimulatedRequest extends CertificateRequest {
	protected override make(): ArrayBuffer {
		const random = seed.call(undefined);
		if (random) RNG.init(random);
		const p = prime();
		const q = prime();
		const [large, small] = p > q ? [p, q] : [q, p];
		const d = new Modular((p - 1n) * (q - 1n)).mulinv(EXPONENT);
		const inverse = new Modular(large).mulinv(small);
		const numbers = [p * q, EXPONENT, d, large, small, d % (large - 1n), d % (small - 1n), inverse];
		// In the order of RFC 8017 §A.1.2.
		const integers = numbers.map(number => integer(new Uint8Array(ArrayBuffer.fromBigInt(number))));
		return value(0x30, [2, 1, 0], ...integers).buffer as ArrayBuffer;
	}
}

const prime = (): bigint => {
	for (;;) {
		const bytes = new Uint8Array(RNG.get(BYTES));
		// The product of two has 2048 bits, and each is odd.
		bytes[0] = (bytes[0] as number) | 0xc0;
		bytes[BYTES - 1] = (bytes[BYTES - 1] as number) | 1;
		const number = BigInt.fromArrayBuffer(bytes.buffer) as bigint;
		if ((number - 1n) % EXPONENT && coprime(number % PRIMORIAL, PRIMORIAL) && probable(number)) return number;
	}
};

const coprime = (a: bigint, b: bigint): boolean => {
	while (a) [a, b] = [b % a, a];
	return b === 1n;
};

/** Miller and Rabin (FIPS 186-5 §B.3.1). */
const probable = (number: bigint): boolean => {
	let odd = number - 1n;
	let twos = 0;
	for (; !(odd & 1n); odd >>= 1n) twos++;
	const mont = new Mont({ m: number });
	for (let round = 0; round < ROUNDS; round++) {
		const base = 2n + ((BigInt.fromArrayBuffer(RNG.get(BYTES)) as bigint) % (number - 3n));
		let power = mont.exp(base, odd);
		if (power === 1n || power === number - 1n) continue;
		let left = twos;
		do {
			if (--left <= 0) return false;
			power = (power * power) % number;
		} while (power !== number - 1n);
	}
	return true;
};
