/**
 * What a board costs its host, counted and not timed: what Node and the disk are asked for, and the bytes of memory, each as
 * a ratio. `npm run fleet` prints what that comes to in milliseconds and bytes on a machine.
 */

import assert from "node:assert/strict";
import { fdatasyncSync, mkdtempSync, rmSync, writeSync } from "node:fs";
import { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { createDevice, type NodeDevice } from "../../hosts/node/device.js";
import { HostSensor } from "../../hosts/shared/sensor.js";
import main from "../../main.js";
import type { Device } from "../../modules/device/io.js";
import { aedes, type TestBroker } from "../firmware/brokers.js";
import { Observer } from "../firmware/observer.js";

const BOARDS = 20;
/** Samples between two edges. */
const EDGE = 5;
const EVERY = 100;

let broker: TestBroker;
let observer: Observer;
let folder: string;
const running: { readonly board: { close(callback: () => void): void }; readonly host: NodeDevice }[] = [];
const counted = { samples: 0, edges: 0, syncs: 0, writes: 0 };
/** The sensors stay as they are. */
let quiet = false;
const sockets = new WeakSet<object>();
const { write, connect } = Socket.prototype;

beforeEach(async () => {
	folder = mkdtempSync(join(tmpdir(), "glowworm-cost-"));
	broker = await aedes.open();
	observer = await Observer.connect(broker.url, "cost/+/status");
	Socket.prototype.connect = function (this: Socket, ...rest: unknown[]) {
		sockets.add(this);
		return connect.apply(this, rest as never);
	} as typeof connect;
	Socket.prototype.write = function (this: Socket, ...rest: unknown[]) {
		if (sockets.has(this)) counted.writes++;
		return write.apply(this, rest as never);
	} as typeof write;
});
afterEach(async () => {
	quiet = false;
	Object.assign(Socket.prototype, { write, connect });
	for (const { board, host } of running.splice(0)) {
		await new Promise<void>(done => board.close(done));
		host.close();
	}
	await observer?.close();
	await broker?.close();
	rmSync(folder, { recursive: true, force: true });
});

class Swing extends HostSensor {
	#taken = 0;
	constructor(options: object) {
		super("swing", options);
	}
	sample() {
		counted.samples++;
		if (!quiet && ++this.#taken % EDGE === 0) counted.edges++;
		return { value: Math.floor(this.#taken / EDGE) % 2 ? 100 : 0 };
	}
}

/** So many more boards, online. */
async function start(count: number, together: boolean, alerts: boolean): Promise<void> {
	const disk = {
		writeSync,
		fdatasyncSync: (file: number) => {
			counted.syncs++;
			fdatasyncSync(file);
		},
	};
	const first = running.length;
	for (let number = first; number < first + count; number++) {
		const description = {
			root: "cost",
			id: `board-${number}`,
			broker: broker.url,
			sensors: ["a", "b"].map(name => ({ name, driver: "swing", every: EVERY })),
			alerts: alerts ? [{ name: "high", sensor: "a", above: 60, clear: 40 }] : [],
		};
		const host = createDevice({ description, data: join(folder, `${number}`), flash: { together, disk } });
		const board = main({ ...host, sensor: { swing: { io: Swing, quantity: "value" } } } as Device);
		assert.ok(board);
		running.push({ board, host });
	}
	const online = ({ text }: { text: string }) => text === "online";
	for (let number = first; number < first + count; number++)
		await observer.next(`cost/board-${number}/status`, online, 0);
}

/** Until so many samples more were taken by each sensor. */
async function samples(each: number): Promise<void> {
	const goal = counted.samples + each * 2 * running.length;
	while (counted.samples < goal) await new Promise(resolve => setTimeout(resolve, EVERY));
}
function reset(): void {
	Object.assign(counted, { samples: 0, edges: 0, syncs: 0, writes: 0 });
}
/** Until nothing has been synced for a while: every alert has been acknowledged. */
async function settled(): Promise<void> {
	for (let still = 0, last = -1; still < 15; still++) {
		if (last !== counted.syncs) still = 0;
		last = counted.syncs;
		await new Promise(resolve => setTimeout(resolve, EVERY));
	}
}

describe("what a board costs hosts/node", function () {
	this.timeout(60_000);

	it("one write of a socket for the two samples of a turn, and no sync of the disk", async () => {
		await start(BOARDS, true, false);
		// What a start has to say is over.
		await samples(20);
		reset();
		await samples(30);
		const ratio = counted.writes / counted.samples;
		assert.ok(ratio <= 0.6, `${ratio} writes for a sample`);
		assert.equal(counted.syncs, 0);
	});
	it("at most two and a half syncs of the disk for an alert, where the writes of a turn go together, and fewer than one by one", async () => {
		const syncs = async (together: boolean) => {
			quiet = true;
			await start(BOARDS, together, true);
			await settled();
			reset();
			quiet = false;
			await samples(40);
			quiet = true;
			await settled();
			// One of the two sensors has an alert.
			const ratio = (2 * counted.syncs) / counted.edges;
			for (const { board, host } of running.splice(0)) {
				await new Promise<void>(done => board.close(done));
				host.close();
			}
			return ratio;
		};
		const [each, together] = [await syncs(false), await syncs(true)];
		assert.ok(together <= 2.5 && together < each, `${together} for an alert together, ${each} one by one`);
	});
	it("memory of at most three times its flash, its side of the broker included", async () => {
		setFlagsFromString("--expose-gc");
		const collect = runInNewContext("gc") as () => void;
		const used = async () => {
			for (let times = 0; times < 4; times++) {
				await samples(2);
				collect();
			}
			const { heapUsed, external } = process.memoryUsage();
			return heapUsed + external;
		};
		await start(BOARDS, true, true);
		const before = await used();
		await start(2 * BOARDS, true, true);
		const ratio = ((await used()) - before) / (2 * BOARDS) / 65536;
		assert.ok(ratio <= 3, `${ratio} times 64 KiB`);
	});
});
