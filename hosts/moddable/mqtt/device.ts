/**
 * Default options of the MQTT client on the global `device`: at `network.mqtt.client`, where ECMA-419 §30 has them, and
 * at `network.mqtt`, where programs for the SDK look; beside them `trace` and `overrides`, as every host of ours has. Runs when it is loaded, in the linker where it is preloaded.
 */

import MQTTClient from "embedded:network/mqtt/client";
import "system"; // makes what there is of globalThis.device
import { Resolver } from "hosts/moddable/resolver";
import { TCP } from "hosts/moddable/tcp";
import { timer } from "hosts/moddable/timer";
import config from "mc/config";

interface Place {
	device?: { readonly network?: { readonly mqtt?: object } };
}

const place = globalThis as Place;
const network = place.device?.network;
const client = Object.freeze({
	io: MQTTClient,
	socket: Object.freeze({ io: TCP }),
	dns: Object.freeze({ io: Resolver }),
	timer,
});
const { broker } = config as { readonly broker?: string };
place.device = Object.freeze({
	...place.device,
	// What the mcconfig line says, as every host of ours tells it.
	overrides: Object.freeze({ ...(broker && { broker }) }),
	trace: (line: string) => trace(`${line}\n`),
	network: Object.freeze({
		...network,
		mqtt: Object.freeze({ ...network?.mqtt, ...client, client }),
	}),
});
