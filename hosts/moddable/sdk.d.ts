/** Modules of the SDK that its typings leave out. */

declare module "embedded:io/socket/tcp/tls" {
	const TLSSocket: unknown;
	export default TLSSocket;
}
