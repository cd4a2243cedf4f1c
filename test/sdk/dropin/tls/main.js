/** The SDK's own TLS given to the client: a server nobody vouches for, checked and, by the SDK's switch, unchecked. */

import TCP from "embedded:io/socket/tcp";
import TLSSocket from "embedded:io/socket/tcp/tls";
import MQTTClient from "embedded:network/mqtt/client";
import config from "mc/config";

function connect(id, secure) {
	const { client } = globalThis.device.network.mqtt;
	new MQTTClient({
		...client,
		host: "localhost",
		port: Number(config.port),
		id,
		socket: { io: TLSSocket, TCP: { io: TCP }, secure },
		onControl(opcode) {
			if (opcode === MQTTClient.CONNACK)
				this.write(null, { operation: MQTTClient.SUBSCRIBE, items: [{ topic: "x" }] });
			else if (opcode === MQTTClient.SUBACK) this.write(ArrayBuffer.fromString("hello"), { topic: "x" });
		},
		onReadable(count) {
			trace(`${id}: ${String.fromArrayBuffer(this.read(count))}\n`);
		},
		onError({ code }) {
			trace(`${id}: error ${code}\n`);
		},
	});
}

export default function () {
	connect("checked", {});
	connect("unchecked", { verify: false });
}
