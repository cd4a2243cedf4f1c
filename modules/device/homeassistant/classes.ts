/**
 * Home Assistant's device classes that a sensor of a description may have, each with its units, and the class that a unit speaks for
 * (DESCRIPTION.md, "Sensors"). Facts of Home Assistant 2026.9 (`homeassistant/components/sensor/const.py`); a class with another unit is
 * refused there, and so it is here. Classes that a board cannot have (date, enum, monetary …) are left out.
 */

import type { Known } from "../description/schema.js";
import { type Problem, report } from "../description/validate.js";
import type { Values } from "../json.js";

/**
 * Each class with its units. `*` marks a unit that belongs to this class in practice, `-` stands for none. It is one text, since an
 * object with 40 names takes 3 KB more of flash.
 */
const table = `
apparent_power |mVA|VA|kVA|
aqi |-|
atmospheric_pressure |*hPa|kPa|Pa|*mbar|bar|mmHg|inHg|psi|
battery |%|
carbon_dioxide |ppm|
carbon_monoxide |ppm|ppb|mg/m³|μg/m³|
conductivity |S/cm|mS/cm|μS/cm|
current |*A|*mA|
data_rate |bit/s|kbit/s|Mbit/s|B/s|kB/s|MB/s|KiB/s|MiB/s|
data_size |bit|kbit|B|kB|MB|GB|*KiB|*MiB|*GiB|
distance |km|m|cm|mm|mi|yd|ft|in|
duration |d|h|min|s|ms|μs|
energy |J|kJ|MJ|mWh|*Wh|*kWh|MWh|
frequency |*Hz|kHz|MHz|GHz|
gas |L|m³|ft³|
humidity |%|
illuminance |*lx|
irradiance |*W/m²|
moisture |%|
ph |-|
pm1 |μg/m³|
pm10 |μg/m³|
pm25 |μg/m³|
power |mW|*W|*kW|MW|
power_factor |%|-|
precipitation |cm|in|mm|
precipitation_intensity |in/d|in/h|mm/d|mm/h|
pressure |mPa|*Pa|hPa|*kPa|mbar|*bar|mmHg|inHg|psi|
signal_strength |dB|*dBm|
sound_pressure |dB|dBA|
speed |m/s|mm/s|km/h|mph|kn|ft/s|
temperature |*°C|*°F|*K|
volatile_organic_compounds |μg/m³|mg/m³|
voltage |μV|*mV|*V|kV|
volume |L|mL|m³|gal|ft³|
volume_storage |L|mL|m³|gal|ft³|
volume_flow_rate |L/min|L/h|L/s|m³/h|mL/s|gal/min|
water |L|m³|gal|ft³|
weight |kg|g|mg|μg|oz|lb|
wind_direction |°|
wind_speed |m/s|km/h|mph|kn|ft/s|
`;

const states = "measurement|measurement_angle|total|total_increasing";

/** The keys of a sensor's description, where its unit does not say it. */
export const classKeys = Object.freeze({
	deviceClass: `${table
		.trim()
		.split("\n")
		.map(line => line.slice(0, line.indexOf(" ")))
		.join("|")} ?`,
	stateClass: `${states} ?`,
});

/** Both spellings of the micro sign mean the same; Home Assistant wants the Greek letter. */
export const unitOf = (unit: string): string => (unit.startsWith("\u00b5") ? `\u03bc${unit.slice(1)}` : unit);

/** The units that a class may have, for a message; `undefined` where `unit` is one of them. */
const wrongUnit = (deviceClass: string, unit = ""): string | undefined => {
	const at = table.indexOf(`\n${deviceClass} `);
	// The form has refused it.
	if (at < 0) return undefined;
	const start = at + deviceClass.length + 3;
	const known = table.slice(start, table.indexOf("|\n", start)).replaceAll("*", "").split("|");
	if (known.includes(unitOf(unit) || "-")) return undefined;
	return known.map(each => (each === "-" ? "no unit" : each)).join(", ");
};

/** The state classes that a device class may have, its own first: Home Assistant warns of any other. */
export const statesOf = (deviceClass = "", unit?: string): string => {
	const one = `|${deviceClass}|`;
	if ("|energy|gas|volume|water|".includes(one)) return "total_increasing|total";
	if (deviceClass === "wind_direction") return "measurement_angle";
	if (deviceClass !== "" && !"|data_size|distance|duration|precipitation|weight|".includes(one))
		return "measurement";
	return `measurement|total|total_increasing${unit === "°" ? "|measurement_angle" : ""}`;
};

/** The class that a sensor has when its description names none: of its driver's quantity, or its unit. */
export const classOf = (quantity = "", unit = ""): string | undefined => {
	if (unit === "%" && quantity === "humidity") return quantity;
	const at = table.indexOf(`|*${unitOf(unit)}|`);
	if (at < 0) return undefined;
	const start = table.lastIndexOf("\n", at) + 1;
	return table.slice(start, table.indexOf(" ", start));
};

/** Home Assistant leaves out an entity whose unit its class does not know, and says so in its own log only. */
export const checkClasses = (
	sensor: Values,
	{ sensor: drivers }: Known,
	key: string,
	problems: Problem[],
): void => {
	// The form has said so.
	if (sensor.unit !== undefined && typeof sensor.unit !== "string") return;
	const { driver = "", deviceClass, stateClass = "", ...more } = sensor as { readonly [key: string]: string };
	const own = drivers[driver];
	const unit = more.unit ?? own?.unit;
	const found = deviceClass ?? classOf(own?.quantity, unit);
	const units = deviceClass === undefined ? undefined : wrongUnit(deviceClass, unit);
	if (units !== undefined) report(problems, `${key}.unit`, `${units} (deviceClass ${deviceClass})`, unit);
	const right = statesOf(found, unit).split("|");
	// Of others the form has said so.
	if (!states.split("|").includes(stateClass) || right.includes(stateClass)) return;
	report(problems, `${key}.stateClass`, `${right.join(" or ")} (${found ?? "no deviceClass"})`, stateClass);
};
