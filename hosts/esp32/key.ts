/**
 * An RSA key of the chip, made by mbedtls in a task of its own (key.c): it takes seconds, up to a minute. In the image only with what is
 * AWS's (key.json). Never run on a board so far.
 */

import { CertificateRequest } from "../moddable/request.js";

/** The SDK's way to a C function. */
declare const native: (name: string) => (this: unknown) => ArrayBuffer | undefined;

/** The key and its request. */
export default class ChipRequest extends CertificateRequest {
	/** Once: mbedtls has it ready, or is making it, which the first call begins. Throws where it cannot. */
	protected override make(): ArrayBuffer | undefined {
		return native("xs_glowworm_key").call(undefined);
	}
}
