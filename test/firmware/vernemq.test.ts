/**
 * How a VerneMQ is run from its release folder, with a release that is none: scripts in its places, and Mosquitto for the
 * broker. What VerneMQ itself does is for the suites over all brokers, where $VERNEMQ names one.
 */

import assert from "node:assert/strict";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { mosquitto, program, type TestBroker } from "./brokers.js";
import { Observer } from "./observer.js";
import { joinCluster, nodeName, openVerneMQ, verneRecipe } from "./vernemq.js";

describe(`VerneMQ's release folder${mosquitto.missing ? ` – pending: ${mosquitto.missing}` : ""}`, () => {
	let release: string;
	let broker: TestBroker | undefined;
	let observer: Observer | undefined;
	const script = (name: string, ...lines: readonly string[]) => {
		const file = join(release, name);
		mkdirSync(dirname(file), { recursive: true });
		writeFileSync(file, ["#!/bin/sh", ...lines, ""].join("\n"));
		chmodSync(file, 0o755);
	};
	before(function () {
		if (mosquitto.missing) this.skip();
	});
	beforeEach(() => {
		release = mkdtempSync(join(tmpdir(), "glowworm-release-"));
		// As VerneMQ's own, it looks for everything from where it lies.
		const base = 'cd "$(dirname "$0")/.."';
		const port = "port=$(sed -n 's/^listener.tcp.default = 127.0.0.1://p' etc/vernemq.conf)";
		script("bin/vernemq", base, "test -e lib/here || exit 1", port, `exec ${program} -p "$port"`);
		script("bin/vmq-admin", base, 'echo "$ERL_EPMD_PORT $*" >data/said');
		script("erts-1/bin/epmd", "echo epmd running", "exec sleep 60");
		script("lib/here");
	});
	afterEach(async () => {
		await observer?.close();
		await broker?.close();
		observer = broker = undefined;
		rmSync(release, { recursive: true, force: true });
	});

	it("is run in a folder of the test's own, stopped, started at the same port, and nothing is left of it", async () => {
		broker = await openVerneMQ(release);
		const { folder } = broker as unknown as { folder: string };
		for (let times = 0; times < 2; times++) {
			observer = await Observer.connect(broker.url, "a");
			await observer.publish("a", "1");
			await observer.next("a", "1", 0);
			await observer.close();
			await broker.stop();
			await assert.rejects(Observer.connect(broker.url, "a", { reconnectPeriod: 0 }), /ECONNREFUSED/);
			await broker.start();
		}
		await broker.close();
		assert.ok(!existsSync(folder) && !existsSync(join(release, "data")));
	});
	it("joins the cluster of another node by vmq-admin, with the cluster's own name service", async () => {
		const folder = mkdtempSync(join(tmpdir(), "glowworm-vernemq-"));
		verneRecipe({ release, folder, port: 1, epmd: 2, distribution: 3, cluster: 4 });
		await joinCluster(folder, 2, nodeName(5));
		const said = readFileSync(join(folder, "data", "said"), "utf8");
		rmSync(folder, { recursive: true });
		assert.equal(said, "2 cluster join discovery-node=glowworm-5@127.0.0.1\n");
	});
});
