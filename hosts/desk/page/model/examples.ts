/** The two worked examples of topic filters: filters, and the topics they are tried on. What matches is computed. */

export interface Example {
	readonly topics: readonly string[];
	readonly filters: readonly string[];
}

export const examples: readonly Example[] = [
	{
		topics: [
			"factory/1/machine/1/status",
			"factory/1/machine/32/status",
			"factory/2/machine/7/status",
			"office/7/machine/23/status",
			"office/8/sensor/42/measurements",
		],
		filters: ["factory/1/machine/#", "factory/#", "#", "office/#"],
	},
	{
		topics: [
			"factory/1/machine/1/status",
			"factory/1/machine/1/alerts",
			"factory/2/machine/3/status",
			"factory/1/vehicle/1/alerts",
			"office/1/machine/23/status",
			"office/2/machine/16/status",
			"office/2/machine/16/alerts",
		],
		filters: ["factory/+/machine/+/status", "+/+/machine/+/alerts", "factory/+/machine/#"],
	},
];
