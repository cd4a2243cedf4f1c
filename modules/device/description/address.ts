/**
 * A broker's address as a person writes it: `mqtt://host:port` or `mqtts://host`, optionally with `user:password@`.
 * Parsed by hand, since the device has no URL class and a regular expression would add the engine's to the image.
 */

export interface Address {
	readonly secure: boolean;
	readonly host: string;
	readonly port: number;
	readonly user?: string;
	readonly password?: string;
}

/** The parts, or `undefined` when it is not such an address. */
export function parseAddress(text: string): Address | undefined {
	const secure = text.startsWith("mqtts://");
	if (!secure && !text.startsWith("mqtt://")) return undefined;
	let rest = text.slice(secure ? 8 : 7);
	if (rest.endsWith("/")) rest = rest.slice(0, -1);
	const at = rest.lastIndexOf("@");
	const place = parsePlace(rest.slice(at + 1), secure ? 8883 : 1883);
	if (!place) return undefined;
	if (at < 0) return { secure, ...place };
	const credentials = rest.slice(0, at);
	const colon = credentials.indexOf(":");
	const user = percentDecode(colon < 0 ? credentials : credentials.slice(0, colon));
	const password = colon < 0 ? undefined : percentDecode(credentials.slice(colon + 1));
	// A password without a user name is not a CONNECT packet [MQTT-3.1.2-22].
	if (!user || (colon >= 0 && password === undefined)) return undefined;
	return password === undefined ? { secure, ...place, user } : { secure, ...place, user, password };
}

/** The same address with nothing secret in it, for logs. */
export function publicAddress({ secure, host, port }: Address): string {
	return `${secure ? "mqtts" : "mqtt"}://${host.includes(":") ? `[${host}]` : host}:${port}`;
}

function parsePlace(text: string, standard: number): { host: string; port: number } | undefined {
	// An IPv6 address has colons of its own, so it stands in brackets.
	const bracket = text.startsWith("[") ? text.indexOf("]") : -1;
	const colon = bracket < 0 ? text.indexOf(":") : text[bracket + 1] === ":" ? bracket + 1 : -1;
	const end = colon < 0 ? text.length : colon;
	const host = bracket < 0 ? text.slice(0, end) : text.slice(1, bracket);
	if (bracket >= 0 && bracket + 1 !== end) return undefined;
	if (!host || !Array.from(host).every(isHostCharacter)) return undefined;
	if (colon < 0) return { host, port: standard };
	const digits = text.slice(colon + 1);
	const port = Number(digits);
	const plain = digits.length > 0 && Array.from(digits).every(digit => digit >= "0" && digit <= "9");
	return plain && port >= 1 && port <= 65535 ? { host, port } : undefined;
}

function isHostCharacter(character: string): boolean {
	return character > " " && !"/?#@[]\\\u007f".includes(character);
}

function percentDecode(text: string): string | undefined {
	try {
		return decodeURIComponent(text);
	} catch {
		return undefined;
	}
}
