/** Why there is no secured connection, as an Error whose `code` is the one that the other hosts use for it. */

export type Code =
	| "tls-authority"
	| "tls-name"
	| "tls-expired"
	| "tls-early"
	/** The clock has not been set: no certificate can be judged. */
	| "tls-time"
	| "tls-client-certificate"
	| "tls-client-refused"
	| "tls-handshake"
	| "tls-plain"
	| "tls-closed"
	| "tls-failed"
	/** After the handshake: the other side has ended the connection. */
	| "closed";

export type Refusal = Error & { readonly code: Code };

export const refusal = (code: Code, message: string, cause?: unknown): Refusal => {
	const error = new Error(`TLS: ${message}`) as Error & { code: Code; cause?: unknown };
	error.code = code;
	if (cause !== undefined) error.cause = cause;
	return error;
};
