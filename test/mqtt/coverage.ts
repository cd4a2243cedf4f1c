/** `npm run coverage`: the statements of MQTT 3.1.1 that bind a client, where each is enforced, and by which tests. */

import { readerMayGo } from "../../hosts/desk/print.js";
import { SERVERS, STATEMENTS } from "./statements.js";
import { survey } from "./survey.js";

readerMayGo();

const short = (text: string, width: number) =>
	text.length > width ? `${text.slice(0, width - 1)}…` : text.padEnd(width);

const findings = survey();
const NAMES = {
	mqtt: "modules/mqtt",
	session: "left to the session layer (modules/session)",
	host: "served by the host's network classes",
	none: "not applicable",
};

for (const by of ["mqtt", "session", "host", "none"] as const) {
	const own = findings.filter(({ statement }) => statement[1] === by);
	console.log(`\n${NAMES[by]}: ${own.length} statements`);
	for (const { statement, lines, titles } of own) {
		const [id, , text, note] = statement;
		const where = lines.map(line => line.replace(/^modules\//, "")).join(" ") || "–";
		console.log(`  ${id.padEnd(9)} ${short(text, 52)} ${note ? `(${note})` : ""}`.trimEnd());
		if (by === "mqtt" || by === "session") {
			console.log(`            enforced ${where}`);
			console.log(
				`            tested   ${titles.length ? `${titles.length} ×, ${short(titles[0] as string, 110).trimEnd()}` : "–"}`,
			);
		}
	}
}

const mqtt = findings.filter(({ statement }) => statement[1] === "mqtt");
const open = mqtt.filter(({ lines, titles }) => lines.length === 0 || titles.length === 0);
console.log(
	`\n${STATEMENTS.length + SERVERS.length} statements in appendix B; ${SERVERS.length} bind servers alone; of the ${mqtt.length} for modules/mqtt ${mqtt.length - open.length} are enforced and tested.`,
);
for (const { statement, lines, titles } of open)
	console.log(`  open: ${statement[0]} ${lines.length ? "" : "no line "}${titles.length ? "" : "no test"}`);
process.exitCode = open.length ? 1 : 0;
