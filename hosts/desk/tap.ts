/**
 * What passes a board's connections, in both directions: taken at its own TCP class (ECMA-419 §10), below the firmware and
 * above TLS, with either engine and any broker. It changes nothing.
 */

import type { Device, MQTTDefaults } from "../../modules/device/io.js";
import type { ByteBuffer, TCP, TCPClass, TCPOptions, TCPWriteOptions } from "../../modules/mqtt/io.js";

/** Gets bytes as they pass, a copy: in to the broker, or out of it. */
export type Hear = (direction: "in" | "out", bytes: Buffer) => void;

/** `device` with another class in the place of its TCP, and of its TLS. */
export function onSockets(device: Device, change: (io: TCPClass) => TCPClass): Device {
	const changed = ({ client }: { client: MQTTDefaults }) => ({
		client: { ...client, socket: { ...client.socket, io: change(client.socket.io) } },
	});
	const { mqtt, mqtts } = device.network;
	return {
		...device,
		network: { ...device.network, mqtt: changed(mqtt), ...(mqtts && { mqtts: changed(mqtts) }) },
	};
}

/** `Base`; `connection` makes what hears each of its instances. */
export function tapped(Base: TCPClass, connection: () => Hear): TCPClass {
	return class extends (Base as new (options: TCPOptions) => TCP) {
		readonly #hear = connection();

		override read(request?: ByteBuffer | number): never {
			const result = super.read(request as number);
			if (request !== undefined && typeof request !== "number") {
				if (typeof result === "number") this.#hear("out", copy(request, result));
			} else if (result !== undefined) this.#hear("out", copy(result));
			return result as never;
		}
		override write(data: ByteBuffer | number, options?: TCPWriteOptions): number {
			const writable = super.write(data, options);
			this.#hear("in", copy(data));
			return writable;
		}
	} as TCPClass;
}

/** The owner reuses its buffer while who hears may still hold a part of it. */
function copy(data: ByteBuffer | number, byteLength?: number): Buffer {
	if (typeof data === "number") return Buffer.of(data);
	const bytes = ArrayBuffer.isView(data)
		? Buffer.from(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength)
		: Buffer.from(data as ArrayBuffer);
	return Buffer.from(bytes.subarray(0, byteLength));
}
