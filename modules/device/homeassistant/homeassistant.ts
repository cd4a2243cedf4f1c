/**
 * Home Assistant as a feature of a board (device/feature.ts): the keys that it adds to a description, the records that it keeps,
 * and its part, which publishes the document (discovery.ts) that the description makes (document.ts). A program that does not
 * name it has nothing of it in its image.
 */

import type { Description } from "../description/description.js";
import { items } from "../description/rules.js";
import type { Known } from "../description/schema.js";
import { type Problem, type RecordSpec, report, walk } from "../description/validate.js";
import type { Feature, Part, Parts } from "../feature.js";
import { isRecord, type Values } from "../json.js";
import { profileOf } from "../profile.js";
import { classOf, deviceClasses, stateClasses, statesOf, wrongUnit } from "./classes.js";
import Discovery, { discoveryRooms } from "./discovery.js";
import Document from "./document.js";

const EXPECTED = 'true, or an object such as {"prefix":"homeassistant","area":"Hall"}';
/** Measured as those of the board are (budget.ts). */
const Heap = Object.freeze({ board: 1900, sensor: 60 });
const options: RecordSpec = Object.freeze({
	keys: Object.freeze({ prefix: "root 1..64 ?", area: "word 1..64 ?" }),
});

const homeAssistant: Feature = Object.freeze({
	board: Object.freeze({ homeAssistant: "any ?" }),
	// Where the unit does not say it.
	sensor: Object.freeze({
		deviceClass: `${deviceClasses} ?`,
		stateClass: `${stateClasses} ?`,
	}),
	check(value: Values, problems: Problem[], known: unknown): void {
		const own = value.homeAssistant;
		if (isRecord(own)) walk(options, own, "homeAssistant", problems);
		else if (own !== undefined && typeof own !== "boolean") report(problems, "homeAssistant", EXPECTED, own);
		items(value.sensors).forEach((sensor, index) => {
			checkClasses(sensor, known as Known, `sensors[${index}]`, problems);
		});
	},
	rooms: (description: Description) => (wanted(description) ? discoveryRooms(description) : []),
	heap: (description: Description) =>
		wanted(description) ? Heap.board + Heap.sensor * description.sensors.length : 0,
	make(parts: Parts): readonly Part[] {
		const { device, settings, outputs, own, memory, publisher, trying } = parts;
		const { name: host, sensor: drivers, timer, network } = device;
		const signal = network.signal !== undefined;
		const document = () => {
			const description = settings.current;
			if (!wanted(description)) return undefined;
			return new Document({ description, host, drivers, outputs, own, signal });
		};
		if (settings.current.homeAssistant && !document()) publisher.report("homeAssistant: off at AWS");
		const announce = () => parts.announce();
		return [new Discovery({ memory, publisher, trying, announce, document, timer, random: Math.random })];
	},
});

export default homeAssistant;

/** Home Assistant is at no broker of AWS's. */
const wanted = (description: Description): boolean =>
	Boolean(description.homeAssistant) && profileOf(description) !== "aws";

/** Home Assistant leaves out an entity whose unit its class does not know, and says so in its own log only. */
const checkClasses = (sensor: Values, { sensors }: Known, key: string, problems: Problem[]): void => {
	const {
		driver = "",
		deviceClass,
		stateClass,
		...more
	} = sensor as { readonly [key: string]: string | undefined };
	const own = sensors[driver];
	const unit = more.unit ?? own?.unit;
	const found = deviceClass ?? classOf(own?.quantity, unit);
	const units = deviceClass === undefined ? undefined : wrongUnit(deviceClass, unit);
	if (units !== undefined) report(problems, `${key}.unit`, `${units} (deviceClass ${deviceClass})`, unit);
	const states = statesOf(found, unit).split("|");
	// Of others the form has said so.
	if (!stateClasses.split("|").includes(stateClass ?? "") || states.includes(stateClass ?? "")) return;
	report(problems, `${key}.stateClass`, `${states.join(" or ")} (${found ?? "no deviceClass"})`, stateClass);
};
