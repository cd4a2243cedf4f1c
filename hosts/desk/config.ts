/**
 * The board description of `npm start`: the file, or board.json beside this one, with what the command line says
 * in place of the file's, and its credentials. Says what is wrong in lines that name file and key; the checking itself is
 * modules/device/description/description.ts's.
 */

import { readFileSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { features } from "../../main.js";
import { check, type Description, line, type Problem } from "../../modules/device/description/description.js";
import { show } from "../../modules/device/description/validate.js";
import type { SensorDriver } from "../../modules/device/io.js";
import { loadCredentials } from "../node/credentials.js";
import { drivers, HostClock } from "../node/device.js";
import type { Credentials } from "../node/tls.js";
import { inPlace, type Options } from "./options.js";

type Machine = ReturnType<typeof drivers>;

/** As it was written, before any check. */
export type Raw = { readonly [key: string]: unknown };

export interface Config {
	readonly file: string;
	readonly raw: Raw;
	readonly description: Description;
	/** What the file or the command line says of the broker; nothing: one is to be started. */
	readonly broker: string | readonly string[] | undefined;
}

/** Something the user can put right, in lines to print. */
export class Wrong extends Error {
	readonly lines: readonly string[];
	constructor(lines: readonly string[]) {
		super(lines.join("\n"));
		this.lines = lines;
	}
}

const standard = fileURLToPath(new URL("board.json", import.meta.url));
/** Stands for the broker that has not been started yet, so that the rest can be checked before anything is. */
const pending = "mqtt://127.0.0.1";

/** Reads and checks against what the host offers. Throws `Wrong`. */
export function load(options: Options): Config {
	const file = options.config ?? standard;
	const overrides: { [key: string]: unknown } = {};
	for (const key of ["id", "root", "broker"] as const)
		if (options[key] !== undefined) overrides[key] = options[key];
	// Its address does not say that it is AWS.
	const cloud = options.aws ? { profile: "aws", shadow: true, jobs: true } : {};
	const raw: Raw = { ...cloud, ...read(file), ...overrides };
	const machine = drivers(new HostClock(), dirname(inPlace(file)));
	const { broker = pending } = raw;
	const { description, problems } = check({ ...raw, broker }, { sensor: machine.sensor, forms: features });
	if (!description)
		throw new Wrong(problems.map(problem => complaint(absence(problem, raw, machine), file, overrides)));
	tryDrivers(description, file, machine);
	return { file, raw, description, broker: raw.broker as Config["broker"] };
}

function complaint(problem: Problem, file: string, overrides: Raw): string {
	// What the command line said is not the file's fault.
	return problem.key in overrides ? `--${line(problem)}` : line(problem, file);
}

/** A driver that exists, though not on this machine, is no slip of the pen. */
function absence(problem: Problem, raw: Raw, { absent }: Machine): Problem {
	const index = /^sensors\[(\d+)\]\.driver$/.exec(problem.key)?.[1];
	if (index === undefined) return problem;
	const { driver } = (raw.sensors as readonly { readonly driver: string }[])[Number(index)] ?? {};
	const reason = driver === undefined ? undefined : absent[driver];
	return reason
		? { ...problem, expected: "a driver this machine has", found: `"${driver}": ${reason}` }
		: problem;
}

/** What only the driver can judge: a file to replay, say. */
function tryDrivers({ sensors }: Description, file: string, machine: Machine): void {
	const lines: string[] = [];
	sensors.forEach((sensor, index) => {
		const driver = machine.sensor[sensor.driver] as SensorDriver;
		try {
			new driver.io({ ...driver.defaults, ...sensor }).close();
		} catch (error) {
			lines.push(`${file}: sensors[${index}]: ${(error as Error).message}`);
		}
	});
	if (lines.length) throw new Wrong(lines);
}

function read(file: string): Raw {
	let text: string;
	try {
		text = readFileSync(inPlace(file), "utf8");
	} catch (error) {
		const { code, message } = error as NodeJS.ErrnoException;
		const found = code === "ENOENT" ? "no such file" : code === "EISDIR" ? "a directory" : message;
		throw new Wrong([`${file}: expected a board description, found ${found}`]);
	}
	let value: unknown;
	try {
		value = JSON.parse(text);
	} catch (error) {
		throw new Wrong([`${file}: expected JSON, found ${(error as Error).message}`]);
	}
	if (typeof value !== "object" || value === null || Array.isArray(value))
		throw new Wrong([`${file}: expected a JSON object, found ${show(value)}`]);
	return value as Raw;
}

/** What a program is told in place of what it says itself. */
export function overrides({ id, root }: Options, broker: Config["broker"]): { [key: string]: string } {
	const [address] = typeof broker === "string" ? [broker] : (broker ?? []);
	return { ...(address && { broker: address }), ...(id && { id }), ...(root && { root }) };
}

/** What TLS trusts and is trusted for, if the command line says so. */
export function credentials({ ca, cert, key }: Options): Credentials | undefined {
	if (!ca && !cert && !key) return undefined;
	const files = {
		...(ca && { ca: inPlace(ca) }),
		...(cert && { certificate: inPlace(cert) }),
		...(key && { key: inPlace(key) }),
	};
	try {
		return loadCredentials(files);
	} catch (error) {
		throw new Wrong([(error as Error).message]);
	}
}
