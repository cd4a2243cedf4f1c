/**
 * Domain Name Resolver (ECMA-419 §18).
 */

import type { Resolver } from "../../modules/mqtt/io.js";
import type { Suite, Trial } from "./suite.js";

function open(trial: Trial): Resolver {
	const { io, ...options } = trial.device.network.mqtt.client.dns;
	return trial.keep(new io(options));
}

const addresses: readonly (readonly [host: string, address: string])[] = [
	["127.0.0.1", "127.0.0.1"],
	["::1", "0000:0000:0000:0000:0000:0000:0000:0001"],
	["2001:db8::ff00:42:8329", "2001:0db8:0000:0000:0000:ff00:0042:8329"],
];

const suite: Suite = {
	title: "resolver",
	cases: [
		{
			title: "a name is resolved, in a later turn, with address and name (§18)",
			run(trial) {
				const host = trial.world.name;
				let returned = false;
				open(trial).resolve(
					{ host },
					trial.on((error, address, name) => {
						trial.ok(returned, "called inside resolve");
						trial.equal(error, null);
						trial.ok(
							/^127\./.test(address ?? "") || /^0000:.*:0001$/.test(address ?? ""),
							`found ${address}`,
						);
						trial.equal(name, host);
						trial.done();
					}),
				);
				returned = true;
			},
		},
		...addresses.map(([host, expected]) => ({
			title: `the address ${host} is answered by itself, in a later turn (§18, §6)`,
			run(trial: Trial) {
				let returned = false;
				open(trial).resolve(
					{ host },
					trial.on((error, address) => {
						trial.ok(returned, "called inside resolve");
						trial.equal(error, null);
						trial.equal(address, expected);
						trial.done();
					}),
				);
				returned = true;
			},
		})),
		{
			title: "a name that does not exist is an Error, once (§18)",
			run(trial) {
				let count = 0;
				open(trial).resolve(
					{ host: trial.world.unknownName },
					trial.on((error, address) => {
						trial.ok(error instanceof Error, `expected an Error, found ${error}`);
						trial.equal(address, undefined);
						trial.equal(++count, 1, "calls");
						trial.later(() => trial.done());
					}),
				);
			},
		},
		{
			title: "several names may be under way at once (§18)",
			run(trial) {
				const resolver = open(trial);
				let left = 3;
				for (const host of ["127.0.0.1", trial.world.name, "127.0.0.2"])
					resolver.resolve(
						{ host },
						trial.on((error, _address, name) => {
							trial.equal(error, null);
							trial.equal(name, host);
							if (--left === 0) trial.done();
						}),
					);
			},
		},
		{
			title: "close cancels what is under way, and may be repeated (§8)",
			run(trial) {
				const resolver = open(trial);
				for (const host of ["127.0.0.1", trial.world.name])
					resolver.resolve(
						{ host },
						trial.on(() => {
							throw new Error("answered after close");
						}),
					);
				resolver.close();
				resolver.close();
				trial.throws(() => resolver.resolve({ host: "127.0.0.1" }, () => {}));
				trial.later(() => trial.done(), 100);
			},
		},
		{
			title: "resolve throws without a host or a callback (§18)",
			run(trial) {
				const resolver = open(trial);
				const callback = () => {
					throw new Error("called");
				};
				trial.throws(() => resolver.resolve({} as { host: string }, callback));
				trial.throws(() => resolver.resolve({ host: "" }, callback));
				trial.throws(() => resolver.resolve({ host: "127.0.0.1" }, undefined as unknown as () => void));
				trial.done();
			},
		},
	],
};

export default suite;
