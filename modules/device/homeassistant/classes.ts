/**
 * Home Assistant's device classes that a sensor of a description may have, each with its units, and the class that a unit
 * speaks for. Facts of Home Assistant 2026.9 (`homeassistant/components/sensor/const.py`); a class with another unit is
 * refused there. Classes that a board cannot have (date, enum, monetary …) are left out.
 */

/** Units by class. An empty text: the sensor has no unit. */
const units: { readonly [deviceClass: string]: readonly string[] } = Object.freeze({
	apparent_power: Object.freeze(["mVA", "VA", "kVA"]),
	aqi: Object.freeze([""]),
	atmospheric_pressure: Object.freeze(["hPa", "kPa", "Pa", "mbar", "bar", "mmHg", "inHg", "psi"]),
	battery: Object.freeze(["%"]),
	carbon_dioxide: Object.freeze(["ppm"]),
	carbon_monoxide: Object.freeze(["ppm", "ppb", "mg/m³", "μg/m³"]),
	conductivity: Object.freeze(["S/cm", "mS/cm", "μS/cm"]),
	current: Object.freeze(["A", "mA"]),
	data_rate: Object.freeze(["bit/s", "kbit/s", "Mbit/s", "B/s", "kB/s", "MB/s", "KiB/s", "MiB/s"]),
	data_size: Object.freeze(["bit", "kbit", "B", "kB", "MB", "GB", "KiB", "MiB", "GiB"]),
	distance: Object.freeze(["km", "m", "cm", "mm", "mi", "yd", "ft", "in"]),
	duration: Object.freeze(["d", "h", "min", "s", "ms", "μs"]),
	energy: Object.freeze(["J", "kJ", "MJ", "mWh", "Wh", "kWh", "MWh"]),
	frequency: Object.freeze(["Hz", "kHz", "MHz", "GHz"]),
	gas: Object.freeze(["L", "m³", "ft³"]),
	humidity: Object.freeze(["%"]),
	illuminance: Object.freeze(["lx"]),
	irradiance: Object.freeze(["W/m²"]),
	moisture: Object.freeze(["%"]),
	ph: Object.freeze([""]),
	pm1: Object.freeze(["μg/m³"]),
	pm10: Object.freeze(["μg/m³"]),
	pm25: Object.freeze(["μg/m³"]),
	power: Object.freeze(["mW", "W", "kW", "MW"]),
	power_factor: Object.freeze(["%", ""]),
	precipitation: Object.freeze(["cm", "in", "mm"]),
	precipitation_intensity: Object.freeze(["in/d", "in/h", "mm/d", "mm/h"]),
	pressure: Object.freeze(["mPa", "Pa", "hPa", "kPa", "mbar", "bar", "mmHg", "inHg", "psi"]),
	signal_strength: Object.freeze(["dB", "dBm"]),
	sound_pressure: Object.freeze(["dB", "dBA"]),
	speed: Object.freeze(["m/s", "mm/s", "km/h", "mph", "kn", "ft/s"]),
	temperature: Object.freeze(["°C", "°F", "K"]),
	volatile_organic_compounds: Object.freeze(["μg/m³", "mg/m³"]),
	voltage: Object.freeze(["μV", "mV", "V", "kV"]),
	volume: Object.freeze(["L", "mL", "m³", "gal", "ft³"]),
	volume_flow_rate: Object.freeze(["L/min", "L/h", "L/s", "m³/h", "mL/s", "gal/min"]),
	water: Object.freeze(["L", "m³", "gal", "ft³"]),
	weight: Object.freeze(["kg", "g", "mg", "μg", "oz", "lb"]),
	wind_direction: Object.freeze(["°"]),
	wind_speed: Object.freeze(["m/s", "km/h", "mph", "kn", "ft/s"]),
});

/** Units that belong to one class in practice. */
const usual: { readonly [unit: string]: string } = Object.freeze({
	"°C": "temperature",
	"°F": "temperature",
	K: "temperature",
	hPa: "atmospheric_pressure",
	mbar: "atmospheric_pressure",
	Pa: "pressure",
	kPa: "pressure",
	bar: "pressure",
	dBm: "signal_strength",
	V: "voltage",
	mV: "voltage",
	A: "current",
	mA: "current",
	W: "power",
	kW: "power",
	Wh: "energy",
	kWh: "energy",
	Hz: "frequency",
	lx: "illuminance",
	KiB: "data_size",
	MiB: "data_size",
	GiB: "data_size",
	"W/m²": "irradiance",
});

/** Classes whose value is a sum, for which `measurement` is refused. */
const sums: readonly string[] = Object.freeze(["energy", "gas", "water", "volume"]);

/** As data, for the description's form. */
export const deviceClasses: readonly string[] = Object.freeze(Object.keys(units));
export const stateClasses: readonly string[] = Object.freeze(["measurement", "total", "total_increasing"]);

/** Both spellings of the micro sign mean the same; Home Assistant wants the Greek letter. */
export const unitOf = (unit: string): string => (unit.startsWith("\u00b5") ? `\u03bc${unit.slice(1)}` : unit);

/** The units that a class may have, for a message; `undefined` where `unit` is one of them. */
export const wrongUnit = (deviceClass: string, unit = ""): string | undefined => {
	const known = units[deviceClass] ?? [];
	if (known.includes(unitOf(unit))) return undefined;
	return known.map(each => each || "no unit").join(", ");
};

export const wrongState = (deviceClass: string, stateClass: string): boolean =>
	sums.includes(deviceClass) && stateClass === "measurement" && deviceClass !== "volume";

/** The class that a sensor has when its description names none. */
export const classOf = (driver: string, unit = ""): string | undefined => {
	if (unit === "%" && driver === "humidity") return "humidity";
	return usual[unitOf(unit)];
};

export const stateClassOf = (deviceClass: string | undefined): string =>
	deviceClass !== undefined && sums.includes(deviceClass) ? "total_increasing" : "measurement";
