/** The Moddable SDK that $MODDABLE names: where its MQTT clients and its compiler are. Read only. */

import { existsSync } from "node:fs";
import { join } from "node:path";

export interface SDK {
	readonly mqttclient: string;
	readonly mqtt: string;
	/** Its compiler, if it was built. */
	readonly xsc: string | undefined;
}

/** `undefined`, or a line that says what is missing. */
export function findSDK(root = process.env.MODDABLE): SDK | string {
	if (!root) return "no Moddable SDK: MODDABLE is not set";
	const mqttclient = join(root, "examples/io/tcp/mqttclient/mqttclient.js");
	const mqtt = join(root, "modules/network/mqtt/mqtt.js");
	for (const path of [mqttclient, mqtt])
		if (!existsSync(path))
			return `no Moddable SDK: MODDABLE names ${root}, which has no ${path.slice(root.length)}`;
	const folder = process.platform === "darwin" ? "mac" : "lin";
	const xsc = join(root, "build/bin", folder, "release/xsc");
	return { mqttclient, mqtt, xsc: existsSync(xsc) ? xsc : undefined };
}
