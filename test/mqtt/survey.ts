/**
 * Where each statement of MQTT 3.1.1 is enforced and tested: looks for its mark, `[MQTT-x.y.z-n]`, in the
 * sources under modules/ and in the titles under test/. Read by the coverage command and by its test.
 */

import { readdirSync, readFileSync } from "node:fs";
import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import { STATEMENTS, type Statement } from "./statements.js";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

export interface Finding {
	readonly statement: Statement;
	/** `file:line` of each mark in the sources of who serves it. */
	readonly lines: readonly string[];
	/** Titles, and rows of tables that become titles. */
	readonly titles: readonly string[];
}

/** Each line of each TypeScript file in a folder, with where it stands. */
function linesOf(folder: string): { place: string; text: string }[] {
	return readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
		.filter(name => name.endsWith(".ts"))
		.sort()
		.flatMap(name => {
			const path = join(ROOT, folder, name);
			const place = relative(ROOT, path);
			return readFileSync(path, "utf8")
				.split("\n")
				.map((text, index) => ({ place: `${place}:${index + 1}`, text: text.trim() }));
		});
}

/** The literals of a line that hold a mark: in tests, those are titles. */
function titlesIn(text: string, mark: string): string[] {
	return [...text.matchAll(/"((?:[^"\\]|\\.)*)"|`([^`]*)`/g)]
		.map(match => match[1] ?? match[2] ?? "")
		.filter(literal => literal.includes(mark));
}

/** The comments among lines: a mark in a string would enforce nothing. */
const comments = ({ text }: { text: string }) => /\/\/|^\/?\*/.test(text);

export function survey(): Finding[] {
	const sources = {
		// Which filter matches is the broker's to say; the desk's page says it too.
		mqtt: [...linesOf("modules/mqtt"), ...linesOf("hosts/desk/page/model")].filter(comments),
		session: linesOf("modules/session").filter(comments),
	};
	const tests = linesOf("test").filter(({ text }) => !comments({ text }) || text.includes("it("));
	return STATEMENTS.map(statement => {
		const [id, by] = statement;
		const mark = `[MQTT-${id}]`;
		const own = by === "mqtt" || by === "session" ? sources[by] : [];
		return {
			statement,
			lines: own.filter(({ text }) => text.includes(mark)).map(({ place }) => place),
			titles: tests.flatMap(({ text }) => titlesIn(text, mark)),
		};
	});
}

/** Marks that name no statement of the standard. */
export function strangers(): string[] {
	const known = new Set(STATEMENTS.map(([id]) => id));
	return ["modules", "test"].flatMap(folder =>
		linesOf(folder).flatMap(({ place, text }) =>
			[...text.matchAll(/\[MQTT-(\d[\d.]*-\d+)\]/g)]
				.filter(([, id]) => !known.has(id as string))
				.map(([mark]) => `${place} ${mark}`),
		),
	);
}
