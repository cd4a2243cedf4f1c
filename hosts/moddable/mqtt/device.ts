/**
 * Default options of the MQTT client on the global `device`: at `network.mqtt.client`, where ECMA-419 §30 has them, and
 * at `network.mqtt`, where programs for the SDK look. Runs when it is loaded, in the linker where it is preloaded.
 */

import MQTTClient from "embedded:network/mqtt/client";
import "system"; // makes what there is of globalThis.device
import { Resolver } from "hosts/moddable/resolver";
import { TCP } from "hosts/moddable/tcp";
import { timer } from "hosts/moddable/timer";

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
place.device = Object.freeze({
	...place.device,
	network: Object.freeze({
		...network,
		mqtt: Object.freeze({ ...network?.mqtt, ...client, client }),
	}),
});
