/**
 * Makes a board's parts from its description and what the host offers. A part that does not start is reported and left
 * out: the rest of the board is worth having. (A sensor is tried again: sampler.ts.)
 */

import { type Description, type OutputDescription, optionsFor } from "./description/description.js";
import type { ActuatorDriver, Device, SensorDriver } from "./io.js";
import Button from "./outputs/button.js";
import { lampDriver } from "./outputs/lamp.js";
import Output, { type OutputHost } from "./outputs/output.js";
import Channel, { type ChannelHost } from "./sensors/sensor.js";

export function makeChannels(host: ChannelHost, device: Device, { sensors, alerts }: Description): Channel[] {
	return sensors.map(sensor => {
		const own = alerts.filter(alert => alert.sensor === sensor.name);
		return new Channel(host, sensor, own, device.sensor[sensor.driver] as SensorDriver);
	});
}

/** The lamp is the first. */
export function makeOutputs(host: OutputHost, device: Device, { lamp, actuators }: Description): Output[] {
	const outputs: Output[] = [];
	const add = (name: string, description: OutputDescription, driver: ActuatorDriver) => {
		try {
			const options = optionsFor(driver, description);
			outputs.push(new Output(host, { name, description, driver, options }));
		} catch (error) {
			host.report(`${name}: ${error}`);
		}
	};
	if (lamp) add("lamp", lamp, lampDriver(device, lamp));
	for (const actuator of actuators)
		add(actuator.name, actuator, device.actuator?.[actuator.driver] as ActuatorDriver);
	return outputs;
}

export function makeButton(
	host: OutputHost,
	device: Device,
	{ button }: Description,
	outputs: readonly Output[],
): Button | undefined {
	const output = outputs.find(({ name }) => name === (button?.actuator ?? name));
	if (!button || !output) return undefined;
	try {
		return new Button(device, button, () => output.press());
	} catch (error) {
		host.report(`button: ${error}`);
		return undefined;
	}
}
