/**
 * A small firmware for xsboard.test.ts: does what its description says, and tells what happens to it as lines of
 * trace. Nothing in it has to do with MQTT.
 */

import type { Device } from "../../modules/device/io.js";

export interface Task {
	readonly throwAt?: "boot" | "timer" | "close";
	/** Throws that from a timer. */
	readonly recurse?: boolean;
	readonly reject?: boolean;
	/** Sets timers of these delays in this order, each telling its name and the ticks. */
	readonly delays?: readonly number[];
	/** What `close` does: calls back at once, never, or never returns. */
	readonly end?: "at once" | "never" | "spin";
	/** Waits for so many ticks to pass, in a loop. */
	readonly wait?: number;
	/** Connects to this port of loopback, and reads only in timers. */
	readonly port?: number;
	readonly restart?: boolean;
	/** Echoes these as they arrived. */
	readonly values?: unknown;
	/** Uses the actuator "pump", the sensor "soil" and the NTP client. */
	readonly drivers?: boolean;
}

export default function main(device: Device) {
	const task = device.description as Task;
	const { timer, clock } = device;
	const trace = (line: string) => device.trace?.(line);

	if (task.throwAt === "boot") throw new Error("no boot today");
	if (task.throwAt === "timer")
		timer.set(() => {
			throw new RangeError("out of range");
		});
	if (task.recurse) timer.set(recurse);
	if (task.reject) timer.set(() => void Promise.reject(new Error("unhandled")));
	if (task.values) trace(JSON.stringify(task.values));
	if (task.restart) timer.set(() => device.restart?.());
	for (const delay of task.delays ?? []) timer.set(() => trace(`${delay} at ${clock.ticks}`), delay);
	if (task.wait !== undefined) {
		const start = clock.ticks;
		while (((clock.ticks - start) | 0) < task.wait);
		trace("waited");
	}
	if (task.drivers) drive(device, trace);
	if (task.port !== undefined) connect(device, task.port, trace);
	trace(`up on ${device.name}`);

	return {
		close(callback?: () => void) {
			trace("closing");
			if (task.throwAt === "close") throw new Error("no end today");
			if (task.end === "spin") for (;;);
			if (task.end !== "never") callback?.();
		},
	};
}

function drive({ actuator, sensor, network }: Device, trace: (line: string) => void): void {
	const { soil } = sensor;
	const { pump } = actuator ?? {};
	const { ntp } = network;
	if (!soil || !pump || !ntp) throw new Error("something is missing");
	trace(`soil in ${soil.unit}, options ${Object.keys(soil.options ?? {})}; pump dimmable ${pump.dimmable}`);
	const probe = new soil.io({ depth: 2 });
	trace(JSON.stringify(probe.sample()));
	trace(String(probe.sample()));
	try {
		probe.sample();
	} catch (error) {
		trace(String(error));
	}
	const actuated = new pump.io({ initialValue: 3 } as never);
	actuated.write(128);
	actuated.close();
	const client = new ntp.client.io({});
	client.getTime((error, time) => {
		trace(`time ${error} ${time}`);
		client.getTime(again => {
			trace(`${again} ${(again as Error & { code?: number }).code}`);
			client.close();
		});
	});
}

function recurse(): void {
	recurse();
}

/** Reads one byte of what has come, and the rest half a turn later, before the host had a chance to say so again. */
function connect(device: Device, port: number, trace: (line: string) => void): void {
	const { io: TCP } = device.network.mqtt.client.socket;
	const connection = new TCP({
		address: "127.0.0.1",
		port,
		onReadable(count) {
			trace(`readable ${count}`);
			if (count === 1) return void this.read();
			// While this stands still for its answers, more arrives; all of it is read here.
			let read = 0;
			while (read < 10) {
				const part = this.read();
				if (part !== undefined) read += (part as ArrayBuffer).byteLength;
			}
			trace(`read ${read}`);
			this.write(Uint8Array.of(1));
		},
		onError(reason) {
			trace(`error ${(reason as { code?: string }).code}`);
			connection.close();
		},
	});
}
