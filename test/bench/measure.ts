/**
 * Runs each client's scenarios in the XS engine, a worker of its own for each client, and collects the figures.
 * Deterministic: same code, same figures. Prints nothing; see bench.ts, and test/bench/budget.test.ts.
 */

import { fileURLToPath } from "node:url";
import { Harness } from "../../hosts/xs/harness.js";
import type { SDK } from "./sdk.js";

export const SCENARIOS = [
	"publish0",
	"publish0-alternating",
	"publish0-vary",
	"publish0-topics8",
	"publish1",
	"receive0",
	"receive1",
	"segment10",
	"out16k",
	"in16k",
	"dribble",
	"idle",
	"connect",
] as const;
export type ScenarioName = (typeof SCENARIOS)[number];

/** What the whole firmware is measured at; `sample8` is one of each of eight sensors. The floor and a naive program know `sample` only. */
export const WAYS = ["sample", "sample8", "edge", "start", "start-used"] as const;
export type WayName = (typeof WAYS)[number];

/** What one operation costs. */
export interface Figures {
	/** XS meter. An empty operation costs 26. */
	readonly units: number;
	/** Slots made. */
	readonly slots: number;
	/** Calls of `socket.write`. */
	readonly writes: number;
	/** Bytes of chunks made (contents of buffers, texts and arrays): 64-bit layout. */
	readonly bytes: number;
}

export interface Client {
	/** Its column. */
	readonly name: string;
	/** Its file in `clients/`. */
	readonly file: string;
	readonly alias?: { readonly [specifier: string]: string };
}

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

export const glowworm: Client = { name: "glowworm", file: "glowworm" };

/** Ours, the floor, the codec, and the SDK's two where one is installed. */
export function clients(sdk: SDK | undefined): readonly Client[] {
	const all: Client[] = [
		glowworm,
		{ name: "floor", file: "floor" },
		{ name: "u8-mqtt-packet", file: "codec" },
	];
	if (sdk) {
		const stubs = ["timer", "time", "socket", "websocket"].map(name => [name, here(`stubs/${name}.ts`)]);
		const alias = { ...Object.fromEntries(stubs), "sdk-mqttclient": sdk.mqttclient, "sdk-mqtt": sdk.mqtt };
		all.push(
			{ name: "sdk-mqttclient", file: "mqttclient", alias },
			{ name: "sdk-mqtt", file: "mqtt", alias },
		);
	}
	return all;
}

/** The whole firmware over the TCP adapter of a board, the floor, and a naive program over the SDK's client or ours. */
export function firmwares(sdk: SDK | undefined): readonly Client[] {
	const world = here("world.ts");
	const tcp = here("stubs/sdktcp.ts");
	const adapter = here("../../hosts/moddable/tcp.ts");
	const common = { timer: world, time: world, "embedded:io/socket/tcp": tcp };
	return [
		{ ...firmware, alias: { ...common, "board-tcp": adapter } },
		{ name: "floor", file: "floorboard", alias: common },
		{
			name: sdk ? "naive, SDK mqttclient" : "naive, our client",
			file: "naive",
			alias: {
				...common,
				"naive-client": sdk?.mqttclient ?? here("../../modules/mqtt/client.ts"),
				"naive-socket": sdk ? tcp : adapter,
			},
		},
	];
}
const firmware: Client = { name: "firmware", file: "firmware" };

// Twelve minutes are nine pings of a client that sends one every 80 s, or sixteen of one every 45 s.
const ROUNDS = 24;
/** More starts would need a collection. */
const FEW: { readonly [name: string]: number } = { start: 3, "start-used": 2 };

/** Those of the scenarios that the client's file offers. */
export async function measure<Name extends string>(
	client: Client,
	names: readonly Name[],
): Promise<Map<Name, Figures>> {
	const { alias } = client;
	const harness = await Harness.open(here(`clients/${client.file}.ts`), alias ? { alias } : {});
	try {
		const figures = new Map<Name, Figures>();
		const offered = (await harness.call("list")).result as readonly string[];
		for (const name of names) {
			if (!offered.includes(name)) continue;
			const rounds = FEW[name] ?? ROUNDS;
			const options = { args: [name], rounds, warm: rounds, bytes: true };
			const { units, slots, bytes = Number.NaN } = await harness.measure("scenario", options);
			const writes = (await harness.call("writes", name)).result as number;
			figures.set(name, { units, slots, writes, bytes });
		}
		return figures;
	} finally {
		await harness.close();
	}
}

/** QoS 1 with packet identifiers of the client's own choice, which only ours is asked for. */
export async function unidentified(): Promise<Pick<Figures, "units" | "slots">> {
	const harness = await Harness.open(here("clients/glowworm.ts"));
	try {
		const { units, slots } = await harness.measure("unidentified", { rounds: ROUNDS, warm: ROUNDS });
		return { units, slots };
	} finally {
		await harness.close();
	}
}
