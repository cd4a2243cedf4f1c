/*
 * A window without hands, for simulator.sdk.ts: says what the lamp's pin does, heats the board over its limit and
 * cools it down again, and presses the button once. Runs in the SDK's mcsim.
 */

import { ControlsColumn } from "ControlsPane";
import { DeviceBehavior, DeviceContainer, DeviceScreen } from "DevicePane";

const script = [
	{ at: 4000, sensor: "temperature", value: 31 },
	{ at: 6000, sensor: "temperature", value: 27 },
	{ at: 8000, pin: "button", level: 1 },
	{ at: 8500, pin: "button", level: 0 },
];

class ScriptBehavior extends DeviceBehavior {
	onCreate(container, device) {
		super.onCreate(container, device);
		this.step = 0;
		container.interval = 100;
		container.start();
	}
	onTimeChanged(container) {
		while (this.step < script.length && script[this.step].at <= container.time) {
			const { at, ...message } = script[this.step++];
			this.postJSON(container, message);
		}
	}
	onJSON(_container, { pin, duty }) {
		trace(`window: ${pin} ${duty}\n`);
	}
}

export default {
	applicationName: ".*",
	title: "Script",
	sortingTitle: "Script",
	ControlsTemplate: ControlsColumn.template(() => ({ contents: [] })),
	DeviceTemplates: {
		0: DeviceContainer.template($ => ({
			Behavior: ScriptBehavior,
			contents: [DeviceScreen($, { left: 0, width: 0, top: 0, height: 0 })],
		})),
	},
};
