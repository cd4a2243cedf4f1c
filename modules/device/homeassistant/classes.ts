/**
 * Home Assistant's device classes that a sensor of a description may have, each with its units, and the class that a unit
 * speaks for. Facts of Home Assistant 2026.9 (`homeassistant/components/sensor/const.py`); a class with another unit is
 * refused there. Classes that a board cannot have (date, enum, monetary …) are left out.
 */

/** Units by class; an empty one: the sensor has no unit. As text, which takes less flash than lists. */
const units: { readonly [deviceClass: string]: string } = Object.freeze({
	apparent_power: "mVA|VA|kVA",
	aqi: "",
	atmospheric_pressure: "hPa|kPa|Pa|mbar|bar|mmHg|inHg|psi",
	battery: "%",
	carbon_dioxide: "ppm",
	carbon_monoxide: "ppm|ppb|mg/m³|μg/m³",
	conductivity: "S/cm|mS/cm|μS/cm",
	current: "A|mA",
	data_rate: "bit/s|kbit/s|Mbit/s|B/s|kB/s|MB/s|KiB/s|MiB/s",
	data_size: "bit|kbit|B|kB|MB|GB|KiB|MiB|GiB",
	distance: "km|m|cm|mm|mi|yd|ft|in",
	duration: "d|h|min|s|ms|μs",
	energy: "J|kJ|MJ|mWh|Wh|kWh|MWh",
	frequency: "Hz|kHz|MHz|GHz",
	gas: "L|m³|ft³",
	humidity: "%",
	illuminance: "lx",
	irradiance: "W/m²",
	moisture: "%",
	ph: "",
	pm1: "μg/m³",
	pm10: "μg/m³",
	pm25: "μg/m³",
	power: "mW|W|kW|MW",
	power_factor: "%|",
	precipitation: "cm|in|mm",
	precipitation_intensity: "in/d|in/h|mm/d|mm/h",
	pressure: "mPa|Pa|hPa|kPa|mbar|bar|mmHg|inHg|psi",
	signal_strength: "dB|dBm",
	sound_pressure: "dB|dBA",
	speed: "m/s|mm/s|km/h|mph|kn|ft/s",
	temperature: "°C|°F|K",
	volatile_organic_compounds: "μg/m³|mg/m³",
	voltage: "μV|mV|V|kV",
	volume: "L|mL|m³|gal|ft³",
	volume_flow_rate: "L/min|L/h|L/s|m³/h|mL/s|gal/min",
	water: "L|m³|gal|ft³",
	weight: "kg|g|mg|μg|oz|lb",
	wind_direction: "°",
	wind_speed: "m/s|km/h|mph|kn|ft/s",
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
	const known = (units[deviceClass] ?? "").split("|");
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
