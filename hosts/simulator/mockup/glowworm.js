/*
 * The window of a simulated board: a lamp that shows the duty cycle of pin "led", a button on pin "button", a slider
 * for each reading. Runs in the SDK's mcsim, not in the firmware; talks to panel.ts by JSON.
 */

import { ButtonsRow, ControlsColumn, SliderRow } from "ControlsPane";
import { DeviceBehavior, DeviceContainer, DeviceScreen } from "DevicePane";

// Off, dim, half, full: a state between two is a colour between them, and four are all that Piu has.
const glass = new Skin({ fill: ["#202020", "#504c18", "#b0a418", "#fff040"] });
const words = new Style({ font: "18px Open Sans", color: ["white", "white", "black", "black"] });

class BoardBehavior extends DeviceBehavior {
	onCreate(container, device) {
		super.onCreate(container, device);
		this.readings = {};
	}
	onJSON(container, json) {
		if (json.pin !== "led") return;
		const lamp = container.content("lamp");
		lamp.state = json.duty > 0 ? 1 + 2 * json.duty : 0;
		lamp.string = json.duty > 0 ? `lamp ${Math.round(json.duty * 100)} %` : "lamp off";
	}
	onButtonDown(container) {
		this.postJSON(container, { pin: "button", level: 1 });
	}
	onButtonUp(container) {
		this.postJSON(container, { pin: "button", level: 0 });
	}
	onReadingChanged(container, { sensor, value }) {
		this.postJSON(container, { sensor, value });
	}
}

const reading = (sensor, label, unit, min, max, value) =>
	SliderRow({
		label,
		unit,
		min,
		max,
		step: 0.5,
		value,
		sensor,
		event: "onReadingChanged",
		track: "onReadingChanged",
	});

export default {
	// A regular expression, tried on the path of the built application: boards of one's own have names of their own.
	applicationName: ".*",
	title: "Glowworm",
	sortingTitle: "Glowworm",
	ControlsTemplate: ControlsColumn.template(() => ({
		contents: [
			ButtonsRow({
				label: "Button",
				buttons: [{ eventDown: "onButtonDown", eventUp: "onButtonUp", label: "Press" }],
			}),
			reading("temperature", "Temperature", " °C", -20, 60, 21),
			reading("humidity", "Humidity", " %", 0, 100, 45),
		],
	})),
	DeviceTemplates: {
		0: DeviceContainer.template($ => ({
			Behavior: BoardBehavior,
			contents: [
				DeviceScreen($, { left: 0, width: 0, top: 0, height: 0 }),
				Label($, {
					name: "lamp",
					left: 0,
					width: 240,
					top: 0,
					height: 120,
					skin: glass,
					style: words,
					string: "lamp off",
				}),
			],
		})),
	},
};
