/** Why a connection ended, in words: CONNACK's return codes (MQTT 3.1.1 §3.2.2.3), or what the socket says. */

import type { MQTTClientOptions } from "../../../../modules/mqtt/io.js";

type MQTTError = Parameters<NonNullable<MQTTClientOptions["onError"]>>[0];

const refusals = [
	"",
	"the broker does not speak MQTT 3.1.1",
	"the broker does not accept this client id",
	"the broker is not available",
	"wrong user or password",
	"not authorized",
];

export function reasonOf(error: MQTTError): string {
	if (error.returnCode) return refusals[error.returnCode] ?? `refused with ${error.returnCode}`;
	const cause = error.cause as Error | undefined;
	return cause?.message ?? error.message;
}
