/** An RSA key of the chip, made by mbedtls in a task of its own (key.c): it takes seconds, up to a minute. Never run on a board so far. */

/** The SDK's way to a C function. */
declare const native: (name: string) => (this: unknown) => ArrayBuffer | undefined;

/** PKCS #1 in DER, once; `undefined` while it is being made, which the first call begins. Throws where mbedtls cannot. */
export function key(this: unknown): ArrayBuffer | undefined {
	return native("xs_glowworm_key").call(this);
}
