/**
 * What a person can do about a line of the board's log: the codes of a failed connection in plain words. Knows the
 * reasons of hosts/node's TLS and MQTT's return codes (§3.2.2.3); changes nothing and hides nothing.
 */

const hints: readonly (readonly [line: RegExp, hint: string])[] = [
	[/\(tls-authority\)/, "no authority that is trusted vouches for the broker's certificate: see --ca"],
	[/\(tls-name\)/, "the broker's certificate is for another name than the one in --broker"],
	[/\(tls-expired\)/, "the broker's certificate has expired, or this machine's clock is wrong"],
	[/\(tls-early\)/, "the broker's certificate is not valid yet, or this machine's clock is wrong"],
	[/\(tls-client-\w+\)/, "the broker wants a certificate of the board's: see --cert and --key"],
	[/\(tls-plain\)/, "the broker speaks no TLS on this port: mqtt:// instead of mqtts://"],
	[/\(tls-closed\)/, "it hung up on TLS: perhaps it speaks none, mqtt:// instead of mqtts://"],
	[
		/: failed \S+ disconnected \(ECONNRESET\)/,
		"it hung up at once: perhaps it wants TLS, mqtts:// instead of mqtt://",
	],
	[/\(ECONNREFUSED\)/, "no server listens there"],
	[
		/: failed \S+ malformed/,
		"what answers there speaks no MQTT: a web server perhaps, or the port of another protocol",
	],
	[
		/: failed \S+ silent/,
		"something listens there and says nothing: another protocol, or a broker that wants TLS, mqtts://",
	],
	[/ unresolved/, "this name is unknown"],
	[/: refused \S+ 2$/, "the broker does not accept this id"],
	[/: refused \S+ 4$/, "wrong user or password"],
	[/: refused \S+ 5$/, "wrong user or password, or this id may not connect"],
	[
		/: refused \S+ 7$/,
		"AWS does not allow this: the policy lets no client with this id connect with this certificate",
	],
	[/: duplicateSuspected /, "does another client use the same id?"],
];

/** The line, with a hint where there is one. */
export function hinted(line: string): string {
	const found = hints.find(([pattern]) => pattern.test(line));
	return found ? `${line} – ${found[1]}` : line;
}
