/**
 * The mandatory normative statements of MQTT 3.1.1 (OASIS standard, appendix B), in our own words, and who
 * serves each. Those that ask something of servers alone are listed by number at the end, so that the sum
 * is the whole appendix. coverage.ts looks up where each is enforced and tested.
 */

/**
 * - mqtt: modules/mqtt enforces it, sending or receiving; a line there and a test must name it.
 * - session: left to modules/session, as ECMA-419 §25 leaves it to "layers built on" the client.
 * - host: the network's classes serve it.
 * - none: does not apply, for the reason given.
 */
export type Server = "mqtt" | "session" | "host" | "none";

/** Number in the standard, who serves it, what it asks, and what else is to be said. */
export type Statement = readonly [id: string, by: Server, text: string, note?: string];

export const STATEMENTS: readonly Statement[] = [
	["1.5.3-1", "mqtt", "text that is not UTF-8 ends the connection"],
	["1.5.3-2", "mqtt", "text holds no U+0000"],
	["1.5.3-3", "mqtt", "U+FEFF is a character and stays"],
	["2.2.2-1", "mqtt", "reserved flags have the values of table 2.2"],
	["2.2.2-2", "mqtt", "wrong flags end the connection"],
	["2.3.1-1", "mqtt", "packet identifiers are not 0"],
	["2.3.1-2", "mqtt", "a new packet takes an unused identifier"],
	["2.3.1-3", "mqtt", "an identifier is free once acknowledged", "re-sending with it: session"],
	["2.3.1-5", "mqtt", "no identifier at QoS 0"],
	["2.3.1-6", "mqtt", "acknowledgements carry the message's identifier"],
	["3.1.0-1", "mqtt", "CONNECT is the first packet"],
	["3.1.2-1", "mqtt", "the protocol name is MQTT"],
	["3.1.2-2", "mqtt", "the protocol level is 4"],
	["3.1.2-3", "mqtt", "the reserved connect flag is 0"],
	["3.1.2-4", "session", "without clean session, state outlives the connection"],
	["3.1.2-6", "session", "clean session discards earlier state"],
	["3.1.2-9", "mqtt", "with the will flag, topic and message follow"],
	["3.1.2-11", "mqtt", "without the will flag, no will fields"],
	["3.1.2-13", "mqtt", "without the will flag, will QoS is 0"],
	["3.1.2-14", "mqtt", "will QoS is 0, 1 or 2"],
	["3.1.2-15", "mqtt", "without the will flag, will retain is 0"],
	["3.1.2-18", "mqtt", "without its flag, no user name"],
	["3.1.2-19", "mqtt", "with its flag, a user name"],
	["3.1.2-20", "mqtt", "without its flag, no password"],
	["3.1.2-21", "mqtt", "with its flag, a password"],
	["3.1.2-22", "mqtt", "no password without user name"],
	["3.1.2-23", "mqtt", "no silence longer than keep-alive; PINGREQ"],
	["3.1.3-1", "mqtt", "the order of the payload's fields"],
	["3.1.3-2", "session", "the client identifier identifies the state kept"],
	["3.1.3-3", "mqtt", "a client identifier is there, and first"],
	["3.1.3-4", "mqtt", "the client identifier is UTF-8"],
	["3.1.3-7", "mqtt", "an empty client identifier needs clean session"],
	["3.1.3-10", "mqtt", "the will topic is UTF-8"],
	["3.1.3-11", "mqtt", "the user name is UTF-8"],
	["3.2.0-1", "mqtt", "CONNACK comes first", "asked of servers, checked"],
	["3.2.2-1", "mqtt", "no session present after a clean start", "asked of servers, checked"],
	["3.2.2-4", "mqtt", "no session present with a refusal", "asked of servers, checked"],
	["3.2.2-5", "mqtt", "a refusal ends the connection", "asked of servers, done as well"],
	["3.3.1-1", "session", "what is delivered again has DUP", "by write's duplicate"],
	["3.3.1-2", "mqtt", "no DUP at QoS 0"],
	["3.3.1-4", "mqtt", "QoS 3 ends the connection, and is never sent"],
	["3.3.2-1", "mqtt", "PUBLISH begins with a topic in UTF-8"],
	["3.3.2-2", "mqtt", "no wildcards in a topic name"],
	["3.3.4-1", "mqtt", "the answer to PUBLISH follows its QoS"],
	["3.6.1-1", "mqtt", "PUBREL's flags are 0010"],
	["3.8.1-1", "mqtt", "SUBSCRIBE's flags are 0010"],
	["3.8.3-1", "mqtt", "SUBSCRIBE's topic filters are UTF-8"],
	["3.8.3-3", "mqtt", "SUBSCRIBE has at least one filter"],
	["3.8.3-4", "mqtt", "SUBSCRIBE asks for QoS 0, 1 or 2"],
	["3.8.4-5", "mqtt", "SUBACK has a code for each filter", "asked of servers, checked"],
	["3.9.3-1", "mqtt", "SUBACK's codes follow the filters' order", "asked of servers, handed on"],
	["3.9.3-2", "mqtt", "SUBACK's codes are 0, 1, 2 or 128", "asked of servers, checked"],
	["3.10.1-1", "mqtt", "UNSUBSCRIBE's flags are 0010"],
	["3.10.3-1", "mqtt", "UNSUBSCRIBE's topic filters are UTF-8"],
	["3.10.3-2", "mqtt", "UNSUBSCRIBE has at least one filter"],
	[
		"3.14.4-1",
		"session",
		"after DISCONNECT the connection is closed",
		"by close, which §25 leaves to the caller",
	],
	["3.14.4-2", "mqtt", "nothing is sent after DISCONNECT"],
	["4.1.0-1", "session", "state is kept as long as the session"],
	["4.1.0-2", "session", "a session outlives its connection"],
	["4.3.1-1", "mqtt", "QoS 0 is sent without DUP"],
	["4.3.2-1", "mqtt", "QoS 1: unused identifier, no DUP", "unacknowledged until PUBACK: session"],
	["4.3.2-2", "mqtt", "QoS 1 is answered with PUBACK"],
	["4.3.3-1", "mqtt", "QoS 2: PUBREC is answered with PUBREL", "what is re-sent: session"],
	["4.3.3-2", "mqtt", "QoS 2: PUBREC, PUBCOMP, delivered once"],
	["4.4.0-1", "session", "what is unacknowledged is sent after a reconnect"],
	["4.5.0-2", "mqtt", "messages are acknowledged that match no subscription"],
	["4.6.0-1", "session", "re-sent messages keep their order"],
	["4.6.0-2", "mqtt", "PUBACKs go out in order"],
	["4.6.0-3", "mqtt", "PUBRECs go out in order"],
	["4.6.0-4", "mqtt", "PUBRELs go out in order"],
	["4.7.1-1", "mqtt", "wildcards only in filters"],
	["4.7.1-2", "mqtt", "# stands alone, in the last level"],
	["4.7.1-3", "mqtt", "+ stands alone in its level"],
	["4.7.2-1", "mqtt", "leading wildcards do not match $ topics", "asked of servers, for routing"],
	["4.7.3-1", "mqtt", "names and filters are not empty"],
	["4.7.3-2", "mqtt", "names and filters hold no U+0000"],
	["4.7.3-3", "mqtt", "names and filters have at most 65535 bytes"],
	["4.7.3-4", "mqtt", "names and filters are not normalised", "asked of servers, for routing"],
	["4.8.0-1", "mqtt", "a protocol violation ends the connection"],
	["4.8.0-2", "mqtt", "so does an error in taking a packet"],
	["6.0.0-1", "none", "WebSocket frames are binary", "no WebSocket"],
	["6.0.0-2", "none", "WebSocket frames may split packets", "no WebSocket"],
	["6.0.0-3", "none", "WebSocket clients offer the sub-protocol mqtt", "no WebSocket"],
	["6.0.0-4", "none", "WebSocket servers select the sub-protocol mqtt", "no WebSocket"],
	["7.0.0-1", "none", "a server that connects out is both", "no server"],
	["7.0.0-2", "none", "no extensions are required", "§25's are of the API, none is of the wire"],
	["7.1.2-1", "host", "a transport of ordered, lossless bytes", "the TCP or TLS class that is injected"],
];

/** Asked of servers alone. */
export const SERVERS: readonly string[] = (
	"2.3.1-4 2.3.1-7 3.1.0-2 3.1.2-5 3.1.2-7 3.1.2-8 3.1.2-10 3.1.2-12 3.1.2-16 3.1.2-17 3.1.2-24 " +
	"3.1.3-5 3.1.3-6 3.1.3-8 3.1.3-9 3.1.4-1 3.1.4-2 3.1.4-3 3.1.4-4 3.1.4-5 3.2.2-2 3.2.2-3 3.2.2-6 " +
	"3.3.1-3 3.3.1-5 3.3.1-6 3.3.1-7 3.3.1-8 3.3.1-9 3.3.1-10 3.3.1-11 3.3.1-12 3.3.2-3 3.3.5-1 3.3.5-2 " +
	"3.8.3-2 3.8.4-1 3.8.4-2 3.8.4-3 3.8.4-4 3.8.4-6 3.10.4-1 3.10.4-2 3.10.4-3 3.10.4-4 3.10.4-5 3.10.4-6 " +
	"3.12.4-1 3.14.1-1 3.14.4-3 4.5.0-1 4.6.0-5 4.6.0-6 7.1.1-1"
).split(" ");
