/*
 * The window of a simulated board: whether it is online and where, its lamp and other outputs, its sensors, its last alerts and how many
 * it holds, and what is wrong with a description. A button on pin "button", a slider for each reading, power and restart. Runs
 * in the SDK's mcsim, not in the firmware; told by panel.ts in JSON: pins, lines of the log, the board, and the count.
 */

import { ButtonsRow, ControlsColumn, SliderRow } from "ControlsPane";
import { DeviceBehavior, DeviceContainer, DeviceScreen } from "DevicePane";

// What mcsim shows beside its controls before anybody makes its window larger.
const WIDTH = 320;
const ALERTS = 4;

// Each state of the lamp has a colour, and a colour between two where the level is between: off, 0, 50 and 100 %.
const glass = new Skin({
	fill: ["#303030", "#5c4a10", "#c49a1c", "#ffe066"],
	stroke: "#808080",
	borders: { left: 1, right: 1, top: 1, bottom: 1 },
});
const dark = new Skin({ fill: "#202020" });
const large = new Style({ font: "semibold 18px Open Sans", color: "white", horizontal: "left" });
const plain = new Style({ font: "14px Open Sans", color: "#d8d8d8", horizontal: "left" });
const good = new Style({
	font: "semibold 14px Open Sans",
	color: ["#ff9d8a", "#7fe08a"],
	horizontal: "left",
});
const bad = new Style({ font: "14px Open Sans", color: "#ffb0a0", horizontal: "left" });

class BoardBehavior extends DeviceBehavior {
	onCreate(container, device) {
		super.onCreate(container, device);
		this.powered = true;
		this.clear();
	}
	clear() {
		this.board = undefined;
		this.online = false;
		this.why = "starting";
		this.duty = 0;
		this.held = 0;
		this.outputs = {};
		this.sensors = {};
		this.alerts = [];
		this.mistakes = [];
	}
	onLaunch(container) {
		this.clear();
		this.powered = true;
		this.show(container);
	}
	onJSON(container, json) {
		if (json.restart) return container.application.defer("doReloadFile");
		if (json.pin === "led") this.duty = json.duty;
		else if (json.pin !== undefined) this.outputs[`pin ${json.pin}`] = percent(json.duty);
		if (json.board) this.board = json.board;
		if (json.held !== undefined) this.held = json.held;
		if (json.line) this.hear(json.line);
		this.show(container);
	}
	hear(line) {
		if (line === "online" || line === "offline") {
			this.online = line === "online";
			this.why = line;
		}
		if (/^session: (failed|refused)/.test(line)) this.why = line.slice("session: ".length);
		if (/: expected .*, found /.test(line)) this.mistakes.push(line);
		const [, name, text] = /^> (\S+) (\{.*\}) \(QoS/.exec(line) ?? [];
		if (!name) return;
		const json = parse(text);
		const [first, second] = name.split("/");
		if (first === "measurements") this.sensors[second] = Array.isArray(json.v) ? json.v.at(-1) : json.v;
		else if (first === "alerts" && !name.endsWith("/state"))
			this.alerts = [
				`${second} ${json.state} · ${json.id}${/queued\)$/.test(line) ? " · held" : ""}`,
				...this.alerts,
			].slice(0, ALERTS);
		else if (second === "state")
			this.outputs[first] =
				`${json.state}${json.brightness === undefined ? "" : ` ${Math.round(json.brightness / 2.55)} %`}`;
	}
	show(container) {
		const { board, sensors, mistakes } = this;
		const tell = (name, string) => {
			container.content(name).string = string;
		};
		tell("title", board ? `${board.root}/${board.id}` : "Glowworm");
		const state = !this.powered
			? "off"
			: mistakes.length
				? "no board"
				: this.online
					? "online"
					: `not online: ${this.why}`;
		container.content("state").state = this.online && this.powered ? 1 : 0;
		tell("state", this.online && board ? `online at ${board.broker}` : state);
		const lamp = container.content("lamp");
		lamp.state = this.duty > 0 ? 1 + 2 * this.duty : 0;
		tell("level", this.duty > 0 ? `lamp ${percent(this.duty)}` : "lamp off");
		tell("mistakes", mistakes.join("\n"));
		// A board with mistakes has nothing else to show.
		if (mistakes.length) {
			for (const name of ["outputs", "sensors", "alerts", "held"]) tell(name, "");
			return;
		}
		tell(
			"outputs",
			list(this.outputs, (name, value) => `${name}: ${value}`) || "no output has said anything yet",
		);
		tell(
			"sensors",
			list(sensors, (name, value) => `${name}: ${value} ${board?.units[name] ?? ""}`) || "no measurement yet",
		);
		tell("alerts", this.alerts.join("\n") || "no alert yet");
		tell("held", `${this.held} alert${this.held === 1 ? "" : "s"} held until the broker has them`);
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
	onPowerCut(container) {
		if (!this.powered) return;
		container.application.behavior.quitScreen();
		this.clear();
		this.powered = false;
		this.show(container);
	}
	onPowerOn(container) {
		if (!this.powered) container.application.behavior.launchScreen();
	}
	onRestart(container) {
		container.application.behavior.doReloadFile();
	}
}

const percent = duty => `${Math.round(duty * 100)} %`;
const list = (values, text) =>
	Object.entries(values)
		.map(([name, value]) => text(name, value))
		.join("\n");
function parse(text) {
	try {
		return JSON.parse(text);
	} catch {
		return {};
	}
}

const reading = (sensor, label, min, max, value) =>
	SliderRow({
		// The unit stands with the name: behind the value there is no room for it.
		label,
		unit: "",
		min,
		max,
		step: 0.5,
		value,
		sensor,
		event: "onReadingChanged",
		track: "onReadingChanged",
	});

const line = ($, name, style, top, height) =>
	Text($, { name, left: 12, width: WIDTH - 24, top, height, style, string: "" });

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
			ButtonsRow({
				label: "Power",
				buttons: [
					{ event: "onPowerCut", label: "Cut" },
					{ event: "onPowerOn", label: "On" },
				],
			}),
			ButtonsRow({ label: "Firmware", buttons: [{ event: "onRestart", label: "Restart" }] }),
			reading("temperature", "Temperature, °C", -20, 60, 21),
			reading("humidity", "Humidity, %", 0, 100, 45),
			reading("analog", "Analog pins, %", 0, 100, 50),
		],
	})),
	DeviceTemplates: {
		0: DeviceContainer.template($ => ({
			Behavior: BoardBehavior,
			contents: [
				DeviceScreen($, { left: 0, width: 0, top: 0, height: 0 }),
				Content($, { left: 0, width: WIDTH, top: 0, height: 402, skin: dark }),
				line($, "title", large, 8, 26),
				line($, "state", good, 34, 38),
				Content($, { name: "lamp", left: 12, width: 48, top: 76, height: 48, skin: glass }),
				Label($, {
					name: "level",
					left: 72,
					width: 236,
					top: 76,
					height: 48,
					style: large,
					string: "lamp off",
				}),
				line($, "outputs", plain, 132, 60),
				line($, "sensors", plain, 196, 80),
				line($, "alerts", plain, 280, 80),
				line($, "held", plain, 370, 22),
				line($, "mistakes", bad, 132, 230),
			],
		})),
	},
};
