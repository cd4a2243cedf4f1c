// The MQTT client alone, as ECMA-419 §25 has it: subscribes, publishes, and prints what comes.
import type { Device } from "glowworm";

const SUBSCRIBE = 8;
const SUBACK = 9;
const CONNACK = 2;

const bytes = (text: string) => Uint8Array.from(text, character => character.charCodeAt(0));
const text = (buffer: ArrayBuffer) => String.fromCharCode(...new Uint8Array(buffer));

export default function (device: Pick<Device, "network" | "overrides" | "timer" | "trace">) {
	// `broker=` of the mcconfig line, `--broker` of the desk; else yours, written here.
	const { broker = "mqtt://192.168.1.2:1883" } = device.overrides ?? {};
	const [host = "", port = "1883"] = broker.replace("mqtt://", "").split(":");
	const say = (line: string) => device.trace?.(line);
	// The host's defaults (§30): socket, resolver and timer; `io` is the class.
	const { client } = device.network.mqtt;
	const connection = new client.io({
		...client,
		host,
		port: Number(port),
		id: "client-example",
		keepAlive: 30_000,
		onControl(operation, { returnCode }) {
			if (operation === CONNACK && !returnCode)
				this.write(undefined, { operation: SUBSCRIBE, items: [{ topic: "example/in", QoS: 1 }] });
			else if (operation === SUBACK) {
				say("subscribed to example/in");
				this.write(bytes("hello"), { topic: "example/out", QoS: 1 });
			}
		},
		onReadable(count, { topic, more }) {
			// The first fragment of a message has its topic; a message of a few bytes has one fragment.
			const payload = count ? text(this.read(count) as ArrayBuffer) : "";
			if (topic !== undefined && !more) {
				say(`received ${payload}`);
				this.write(bytes(`seen ${payload}`), { topic: "example/out", QoS: 1 });
			}
		},
		onError(error) {
			// The session connects again (examples/session); `code` is one of modules/mqtt/connection.ts.
			say(
				`no connection (reason ${error?.code}): the client alone does not connect again, so this program is over`,
			);
		},
	});
	return {
		close: (callback?: () => void) => {
			connection.close();
			callback?.();
		},
	};
}
