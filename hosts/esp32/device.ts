/**
 * The host provider instance (ECMA-419 §30) of an ESP32, from the SDK's classes. Pins are the board's (`led`,
 * `button` where the SDK knows them), or `config.led.pin` of the manifest. Deep sleep is left to who needs it: the
 * journal keeps what matters, and `reset` then says `deep-sleep`.
 */

import I2C from "embedded:io/i2c";
import SMBus from "embedded:io/smbus";
import NTP from "embedded:network/ntp/client";
import provider from "embedded:provider/builtin";
import keyValue from "embedded:storage/key-value";
import config from "mc/config";
import Modules from "modules";
import type {
	CertificateRequestClass,
	Device,
	KeyValue,
	NTPClass,
	PinSpecifier,
} from "../../modules/device/io.js";
import { StoredProvision } from "../../modules/device/provisioning/trial.js";
import MQTTClient from "../../modules/mqtt/client.js";
import type { TCPClass } from "../../modules/mqtt/io.js";
import { clock } from "../moddable/clock.js";
import { credentials } from "../moddable/credentials.js";
import { built, description, heap, keys, overrides } from "../moddable/description.js";
import { NTPResolver, Resolver } from "../moddable/resolver.js";
import { TCP } from "../moddable/tcp.js";
import { timer } from "../moddable/timer.js";
import { TLS } from "../moddable/tls.js";
import { AnalogPin, analog } from "./analog.js";
import { chipTemperature, resetReason, serial } from "./chip.js";
import { flash } from "./flash.js";
import { DigitalPin, ledOf, PWMPin } from "./pixel.js";
import { drivers } from "./sensor.js";
import { Station } from "./station.js";
import { UDP } from "./udp.js";

/** What the SDK's providers may hold. */
interface Provider {
	readonly pin?: { readonly [name: string]: PinSpecifier };
}

/** In an image that has AWS's parts. */
const REQUEST = "hosts/esp32/request";

const print = (line: string): void => trace(`${line}\n`);
const restart = (): void => (globalThis as unknown as { System: { restart(): void } }).System.restart();

export const createDevice = (): Device => {
	const board = provider as unknown as Provider;
	const stored = keyValue as unknown as KeyValue;
	const provision = new StoredProvision(stored, ["ssid", "password", ...keys]);
	const time = clock(false);
	const station = new Station({
		ssid: provision.get("ssid") ?? built("ssid"),
		password: provision.get("password") ?? built("password"),
		trace: print,
	});
	const common = { io: MQTTClient, dns: { io: Resolver }, timer, ticks: time };
	const led = ledOf(
		board.pin?.led,
		(config.led as { pin?: number } | undefined)?.pin,
		config.light as number,
	);
	return Object.freeze({
		name: "esp32",
		io: {
			Analog: AnalogPin,
			Digital: DigitalPin,
			I2C,
			PWM: PWMPin,
			SMBus,
			...(Modules.has(REQUEST) && {
				CertificateRequest: Modules.importNow(REQUEST) as CertificateRequestClass,
			}),
		},
		pin: { ...board.pin, ...(led !== undefined && { led }) },
		sensor: {
			analog,
			"chip-temperature": chipTemperature,
			"wifi-signal": station.driver(),
			...drivers,
		},
		network: {
			mqtt: { client: { socket: { io: TCP as TCPClass }, ...common } },
			mqtts: {
				client: { socket: { io: TLS as unknown as TCPClass, tls: credentials(print, provision) }, ...common },
			},
			ntp: {
				client: {
					io: NTP as unknown as NTPClass,
					servers: ["pool.ntp.org"],
					dns: { io: NTPResolver },
					socket: { io: UDP },
				},
			},
			watch: (changed: (up: boolean) => void) => station.watch(changed),
			signal: () => station.signal,
		},
		keyValue: stored,
		flash,
		...heap(),
		timer,
		clock: time,
		/** Made when asked for, and then garbage: kept, it would take 300 bytes a sensor. */
		get description() {
			return description(provision);
		},
		overrides: overrides(provision),
		provision,
		...serial(),
		reset: resetReason(),
		trace: print,
		restart,
	});
};
