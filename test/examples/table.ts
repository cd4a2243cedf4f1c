/** What each example says and answers, wherever it runs: topics, and what is in the messages. */

export interface Example {
	/** What it says by itself. */
	readonly says: readonly (readonly [topic: string, text: RegExp])[];
	/** What it is told, and what it then says. */
	readonly told?: readonly [topic: string, text: string];
	readonly answers?: readonly [topic: string, text: RegExp];
}

export const examples: Readonly<Record<string, Example>> = {
	soil: {
		says: [["garden/bed-1/measurements/soil", /"v":\d+/]],
		told: ["garden/bed-1/pump/set", "ON"],
		answers: ["garden/bed-1/pump/state", /"state":"ON"/],
	},
	client: {
		says: [["example/out", /^hello$/]],
		told: ["example/in", "light"],
		answers: ["example/out", /^seen light$/],
	},
	session: {
		says: [
			["example/meter-1/status", /^online$/],
			["example/meter-1/count", /^2$/],
		],
		told: ["example/meter-1/count/set", "400"],
		answers: ["example/meter-1/count", /^401$/],
	},
	"lamp-neopixel": {
		says: [["factory/1/machine/pixel-1/lamp/state", /"state":"OFF"/]],
		told: ["factory/1/machine/pixel-1/lamp/set", '{"state":"ON","brightness":128}'],
		answers: ["factory/1/machine/pixel-1/lamp/state", /"brightness":128/],
	},
	"custom-driver": {
		says: [
			["factory/1/machine/cellar-1/measurements/cellar", /"v":23/],
			["factory/1/machine/cellar-1/alerts/warm", /"state":"ON"/],
		],
	},
};
