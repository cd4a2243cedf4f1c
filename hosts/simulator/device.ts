/**
 * The host provider instance (ECMA-419 §30) of a board in Moddable's simulator: the SDK's sockets and clocks, pins
 * and readings of a window, storage in files. Runs on Linux, macOS and Windows.
 */

import type { Device } from "../../modules/device/io.js";
import { StoredProvision } from "../../modules/device/provisioning/trial.js";
import MQTTClient from "../../modules/mqtt/client.js";
import type { TCPClass } from "../../modules/mqtt/io.js";
import { clock } from "../moddable/clock.js";
import { credentials } from "../moddable/credentials.js";
import { description, heap, keys, overrides } from "../moddable/description.js";
import { Resolver } from "../moddable/resolver.js";
import { TCP } from "../moddable/tcp.js";
import { timer } from "../moddable/timer.js";
import { TLS } from "../moddable/tls.js";
import { analog } from "../shared/analog.js";
import { digital } from "../shared/digital.js";
import { pwm } from "../shared/pwm.js";
import { driver as wave } from "../shared/wave.js";
import { flash } from "./flash.js";
import { SimulatedRequest } from "./key.js";
import { keyValue } from "./keyvalue.js";
import { Panel } from "./panel.js";
import { slider } from "./slider.js";

export function createDevice(): Device {
	const panel = new Panel();
	const print = (line: string) => {
		trace(`${line}\n`);
		panel.say(line);
	};
	const time = clock(true);
	const provision = new StoredProvision(keyValue, keys);
	const common = {
		io: MQTTClient,
		dns: { io: Resolver },
		timer,
		ticks: time,
	};
	return Object.freeze({
		name: "simulator",
		io: {
			Analog: analog(panel, () => (panel.reading("analog") ?? 50) / 100),
			CertificateRequest: SimulatedRequest,
			Digital: digital(panel, timer.set),
			PWM: pwm(panel),
		},
		pin: { led: "led", button: "button" },
		sensor: {
			temperature: slider(panel, "temperature", "°C", 21),
			humidity: slider(panel, "humidity", "%", 45),
			wave: wave(time),
		},
		network: {
			mqtt: { client: { socket: { io: TCP as TCPClass }, ...common } },
			mqtts: {
				client: { socket: { io: TLS as unknown as TCPClass, tls: credentials(print, provision) }, ...common },
			},
		},
		keyValue,
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
		reset: "power-on",
		trace: print,
		restart: () => panel.restart(),
		begun: (made: unknown) => panel.follow(made),
	});
}
