/**
 * What the SDK's example needs and the standard does not give it: a broker on this machine in the place of the public
 * one it names, and `onControl(message)`, which ECMA-419 calls with the opcode before it.
 */

import config from "mc/config";

const { device } = globalThis;
const { mqtt } = device.network;

class Dialect extends mqtt.io {
	constructor(options) {
		super({
			...options,
			host: "127.0.0.1",
			port: Number(config.port),
			onControl(_opcode, message) {
				options.onControl.call(this, message);
			},
		});
	}
}

globalThis.device = { ...device, network: { ...device.network, mqtt: { ...mqtt, io: Dialect } } };
