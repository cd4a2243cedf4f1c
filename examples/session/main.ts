// The durable session with topics of one's own: stays connected, and what it accepted as `durable` survives a loss of power.
import type { Device } from "glowworm";
import Session from "glowworm/session";
import Store from "glowworm/store";

const base = "example/meter-1";

export default function (
	device: Pick<Device, "network" | "flash" | "timer" | "clock" | "overrides" | "trace">,
) {
	const { broker = "mqtt://192.168.1.2:1883" } = device.overrides ?? {};
	const [host = "", port = "1883"] = broker.replace("mqtt://", "").split(":");
	const { client } = device.network.mqtt;
	const partition = device.flash?.open({ path: "journal" });
	if (!partition) throw new Error("no flash partition `journal`");
	// A partition with something else in it is left alone; `description` says so.
	const store = new Store({ partition });
	const { outbox, state } = store;
	if (!outbox || !state) throw new Error(store.description);

	const session = new Session({
		client,
		brokers: [{ host, port: Number(port) }],
		id: "meter-1",
		keepAlive: 30_000,
		status: { topic: `${base}/status`, online: "online", offline: "offline" },
		subscriptions: [{ topic: `${base}/count/set`, QoS: 1 }],
		outbox,
		timer: device.timer,
		ticks: device.clock,
		watch: device.network.watch,
		onOnline: () => device.trace?.("online"),
		onOffline: () => device.trace?.("offline"),
		onMessage(topic, payload) {
			// Acknowledged when this returns: what it stores is stored then.
			state.write("count", String.fromCharCode(...payload));
			device.trace?.(`${topic}: stored`);
		},
	});
	const tick = device.timer.repeat(() => {
		const count = Number(state.read("count") ?? 0) + 1;
		state.write("count", `${count}`);
		session.publish(`${base}/count`, `${count}`, { QoS: 1, durable: true });
	}, 1000);
	return {
		close(callback?: () => void) {
			device.timer.clear(tick);
			session.close(() => {
				store.close();
				callback?.();
			});
		},
	};
}
