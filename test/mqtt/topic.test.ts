/**
 * Topic names and topic filters (MQTT 3.1.1 §4.7): worked examples, each
 * filter against each topic, the broker's own topics, and what is no name or no filter at all.
 */

import assert from "node:assert/strict";
import fc from "fast-check";
import { matches } from "../../hosts/desk/page/model/match.js";
import { isTopicFilter, isTopicName } from "../../modules/mqtt/codec.js";
import { settings } from "./seed.js";

const PLACES = [
	"factory/1/machine/1/status",
	"factory/1/machine/32/status",
	"factory/2/machine/7/status",
	"office/7/machine/23/status",
	"office/8/sensor/42/measurements",
];
const KINDS = [
	"factory/1/machine/1/status",
	"factory/1/machine/1/alerts",
	"factory/2/machine/3/status",
	"factory/1/vehicle/1/alerts",
	"office/1/machine/23/status",
	"office/2/machine/16/status",
	"office/2/machine/16/alerts",
];

/** Filter, topics, and the numbers, from 1, of those that match. */
const EXAMPLES: readonly (readonly [string, readonly string[], readonly number[]])[] = [
	["factory/1/machine/#", PLACES, [1, 2]],
	["factory/#", PLACES, [1, 2, 3]],
	["#", PLACES, [1, 2, 3, 4, 5]],
	["office/#", PLACES, [4, 5]],
	["factory/+/machine/+/status", KINDS, [1, 3]],
	["+/+/machine/+/alerts", KINDS, [2, 7]],
	["factory/+/machine/#", KINDS, [1, 2, 3]],
];

/** Filter, topic, whether it matches. */
const CORNERS: readonly (readonly [string, string, boolean])[] = [
	["a/#", "a", true],
	["a/#", "a/", true],
	["a/#", "a/b/c", true],
	["a/#", "ab", false],
	["a/b/#", "a", false],
	["+/#", "a", true],
	["+/#", "a/b/c", true],
	["a/+", "a", false],
	["a/+", "a/", true],
	["a/+", "a/b", true],
	["a/+", "a/b/c", false],
	["+", "a", true],
	["+", "a/b", false],
	["+", "/a", false],
	["+/+", "/a", true],
	["/+", "/a", true],
	["/+", "a", false],
	["a//b", "a//b", true],
	["a/+/b", "a//b", true],
	["a", "A", false],
	["a", "a/", false],
	["a/", "a", false],
	["/", "/", true],
	["+/+", "/", true],
	["#", "/", true],
	["é/+", "é/x", true],
	["é", "e\u0301", false],
	["#", "$SYS/uptime", false],
	["+/uptime", "$SYS/uptime", false],
	["+/#", "$aws/things", false],
	["#", "$", false],
	["+", "$", false],
	["$SYS/#", "$SYS", true],
	["$SYS/#", "$SYS/uptime", true],
	["$SYS/+", "$SYS/uptime", true],
	["a/#", "a/$b", true],
	["a/+", "a/$b", true],
	["a/b", "a/c", false],
	["a/b/c", "a/b", false],
];

/** Text, whether it is a topic name, whether it is a topic filter. */
const TEXTS: readonly (readonly [string, boolean, boolean])[] = [
	["a", true, true],
	["/", true, true],
	["//", true, true],
	["a/b", true, true],
	["/a", true, true],
	["a/", true, true],
	["a b", true, true],
	["$SYS/x", true, true],
	["\u{1f4a1}/\ufeff", true, true],
	["", false, false],
	["a\0b", false, false],
	["#\0", false, false],
	["#", false, true],
	["+", false, true],
	["a/#", false, true],
	["/#", false, true],
	["+/a/+", false, true],
	["+/+/#", false, true],
	["a#", false, false],
	["a/b#", false, false],
	["a/#b", false, false],
	["#/a", false, false],
	["a/#/b", false, false],
	["#/#", false, false],
	["##", false, false],
	["a+", false, false],
	["+a", false, false],
	["a/b+/c", false, false],
	["++", false, false],
	["+#", false, false],
];

describe("topic", () => {
	for (const [filter, topics, numbers] of EXAMPLES)
		topics.forEach((topic, index) => {
			const matching = numbers.includes(index + 1);
			it(`${filter} ${matching ? "matches" : "does not match"} ${topic} [MQTT-4.7.1-2] [MQTT-4.7.1-3]`, () => {
				assert.equal(matches(filter, topic), matching);
			});
		});

	for (const [filter, topic, matching] of CORNERS)
		it(`${filter} ${matching ? "matches" : "does not match"} ${topic} ${topic.startsWith("$") ? "[MQTT-4.7.2-1]" : "[MQTT-4.7.3-4]"}`, () => {
			assert.equal(matches(filter, topic), matching);
		});

	for (const [text, name, filter] of TEXTS) {
		const shown = JSON.stringify(text);
		it(`${shown} ${name ? "is" : "is not"} a topic name [MQTT-4.7.1-1] [MQTT-4.7.3-1] [MQTT-4.7.3-2]`, () => {
			assert.equal(isTopicName(text), name);
		});
		it(`${shown} ${filter ? "is" : "is not"} a topic filter [MQTT-4.7.1-2] [MQTT-4.7.1-3] [MQTT-4.7.3-1] [MQTT-4.7.3-2]`, () => {
			assert.equal(isTopicFilter(text), filter);
		});
	}

	it("A filter matches exactly the names that its regular expression does [MQTT-4.7.1-2] [MQTT-4.7.1-3]", () => {
		const level = fc.constantFrom("a", "b", "", "$x");
		const names = fc.array(level, { minLength: 1, maxLength: 5 }).map(levels => levels.join("/"));
		const filters = fc
			.tuple(fc.array(fc.oneof(level, fc.constant("+")), { minLength: 1, maxLength: 5 }), fc.boolean())
			.map(([levels, all]) => (all ? [...levels, "#"] : levels).join("/"));
		fc.assert(
			fc.property(filters, names, (filter, name) => {
				if (name === "" || filter === "") return;
				// An independent reading of §4.7: escape, then `+` is one level and `/#` any number, parent included.
				const pattern = filter
					.replace(/\$/g, "\\$")
					.replace(/\+/g, "[^/]*")
					.replace(/^#$/, ".*")
					.replace(/\/#$/, "(/.*)?");
				const expected =
					new RegExp(`^${pattern}$`).test(name) && !(name.startsWith("$") && /^[+#]/.test(filter));
				assert.equal(matches(filter, name), expected, `${filter} against ${name}`);
			}),
			settings(2000),
		);
	});
});
