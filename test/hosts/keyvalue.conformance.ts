/**
 * Key-Value (ECMA-419 §28) in the format "string", which is all the firmware uses, and the ESP32's limits.
 */

import type { KeyValueDomain } from "../../modules/device/io.js";
import type { Suite, Trial } from "./suite.js";

function open(trial: Trial, mode: "r" | "r+" = "r+"): KeyValueDomain {
	return trial.keep(trial.device.keyValue.open({ path: "conformance", mode, format: "string" }));
}

const texts: readonly (readonly [what: string, value: string])[] = [
	["an empty string", ""],
	["ASCII", "on"],
	["line breaks and quotes", 'a\n"b"\t\\'],
	["text outside ASCII", "25 °C, 東京, 🐛"],
	["4000 bytes", "x".repeat(4000)],
];

const suite: Suite = {
	title: "Key-Value",
	cases: [
		...texts.map(([what, value]) => ({
			title: `${what} comes back as it was written, also from another instance (§28)`,
			run(trial: Trial) {
				const domain = open(trial);
				domain.write("key", value);
				trial.equal(domain.read("key"), value);
				domain.close();
				const again = open(trial);
				trial.equal(again.read("key"), value);
				again.delete("key");
				trial.done();
			},
		})),
		{
			title: "a key that does not exist reads as undefined, and may be deleted (§28)",
			run(trial) {
				const domain = open(trial);
				trial.equal(domain.read("nothing"), undefined);
				domain.delete("nothing");
				trial.done();
			},
		},
		{
			title: "a second write replaces the value, and a delete removes it (§28)",
			run(trial) {
				const domain = open(trial);
				domain.write("key", "1");
				domain.write("key", "2");
				trial.equal(domain.read("key"), "2");
				domain.delete("key");
				trial.equal(domain.read("key"), undefined);
				trial.done();
			},
		},
		{
			title: "iterating gives the keys of this domain and of no other (§28)",
			run(trial) {
				const domain = open(trial);
				const other = trial.keep(trial.device.keyValue.open({ path: "other", format: "string" }));
				domain.write("one", "1");
				domain.write("two", "2");
				other.write("three", "3");
				trial.equal([...domain].sort().join(), "one,two");
				trial.equal(other.read("one"), undefined);
				for (const key of [...domain]) domain.delete(key);
				other.delete("three");
				trial.done();
			},
		},
		{
			title: "a value of 4001 bytes is refused and the old one stays (ESP32)",
			run(trial) {
				const domain = open(trial);
				domain.write("key", "old");
				trial.throws(() => domain.write("key", "x".repeat(4001)));
				trial.throws(() => domain.write("key", "é".repeat(2001)), "expected bytes to count, not characters");
				trial.equal(domain.read("key"), "old");
				domain.delete("key");
				trial.done();
			},
		},
		{
			title: "a key of 15 characters is taken, one of 16 and an empty one are refused (ESP32)",
			run(trial) {
				const domain = open(trial);
				const key = "k".repeat(15);
				domain.write(key, "1");
				trial.equal(domain.read(key), "1");
				domain.delete(key);
				trial.throws(() => domain.write(`${key}k`, "1"));
				trial.throws(() => domain.write("", "1"));
				trial.done();
			},
		},
		{
			title: "a domain opened for reading refuses write and delete (§28)",
			run(trial) {
				open(trial).write("key", "1");
				const domain = open(trial, "r");
				trial.equal(domain.read("key"), "1");
				trial.throws(() => domain.write("key", "2"));
				trial.throws(() => domain.delete("key"));
				trial.equal(domain.read("key"), "1");
				trial.done();
			},
		},
		{
			title: "open throws without a path (§28)",
			run(trial) {
				trial.throws(() => trial.device.keyValue.open({ format: "string" } as never));
				trial.done();
			},
		},
		{
			title: "close may be repeated, and every other method then throws (§8)",
			run(trial) {
				const domain = open(trial);
				domain.close();
				domain.close();
				trial.throws(() => domain.read("key"));
				trial.throws(() => domain.write("key", "1"));
				trial.throws(() => domain.delete("key"));
				trial.throws(() => [...domain]);
				trial.done();
			},
		},
	],
};

export default suite;
