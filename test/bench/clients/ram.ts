/** What connected idle clients keep alive, and what the network under them does. `test/bench/ram.ts` counts; this runs inside the XS engine. */

import { BenchSocket, Net } from "../socket.js";
import { hold, topics } from "./glowworm.js";

export { hold, topics };

const networks: Net[] = [];

/** Keeps so many sockets alive, with callbacks that all share. */
export function hang(count: number): void {
	const onReadable = () => {};
	const options = { address: "", port: 1883, onReadable, onWritable: onReadable };
	while (networks.length < count) {
		const net = new Net();
		new BenchSocket({ ...options, net });
		networks.push(net);
	}
}

/** Makes so many slots, at once garbage: a collection then shows. */
export function litter(count: number): void {
	for (let left = count; left > 0; left--) ({});
}

/** Makes buffers of these sizes, at once garbage. */
export function fill(...sizes: number[]): void {
	for (const size of sizes) new ArrayBuffer(size);
}
