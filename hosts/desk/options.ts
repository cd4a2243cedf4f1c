/**
 * The command line of `npm start`. Checks each option's form; what an id or a root may be is the
 * description's business (modules/device/description/description.ts), which sees them in the place of the file's keys.
 */

import { resolve } from "node:path";
import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { parseAddress } from "../../modules/device/broker.js";

/** Boards at a time. */
export const MOST = 200;

/** What `--log` tells apart. */
export const kinds = ["measurements", "alerts", "commands", "status"] as const;
export type Kind = (typeof kinds)[number];

export type Engine = "xs" | "node";

export interface Options {
	readonly broker?: string;
	/** A local AWS IoT Core in the place of the broker. */
	readonly aws?: true | "strict";
	readonly engine: Engine;
	readonly config?: string;
	/** A program in the place of main.ts: its file, or its folder. */
	readonly firmware?: string;
	readonly id?: string;
	readonly root?: string;
	readonly data?: string;
	readonly brokerPort?: number;
	readonly host?: string;
	/** TLS: files in PEM or DER. */
	readonly ca?: string;
	readonly cert?: string;
	readonly key?: string;
	readonly quiet?: boolean;
	/** Kinds of messages to print; all if not given. */
	readonly log?: readonly Kind[];
	readonly newBroker?: boolean;
	/** Of the broker that is started. */
	readonly user?: string;
	readonly password?: string;
	/** What the broker that is started holds survives the command. */
	readonly keep?: boolean;
	/** A file to write what passes to, and one to play instead of boards. */
	readonly record?: string;
	readonly replay?: string;
	/** How many times as fast as recorded; 1 if not given. Only beside `replay`. */
	readonly speed?: number;
	/** Virtual boards, the description's own included. */
	readonly boards: number;
	readonly pagePort?: number;
	/** False with --no-page. */
	readonly page: boolean;
}

export interface Output {
	out(text: string): void;
	error(text: string): void;
}

const EXAMPLES = `
Examples:
  npm start                                          a broker and a board, and what they say
  npm start -- --broker mqtt://192.168.1.2           a board on your broker
  npm start -- --config board.json --engine node     your board, in Node instead of XS
  npm start -- --aws                                 a board at a local AWS IoT Core
`;

function port(text: string): number {
	const value = /^\d{1,5}$/.test(text) ? Number(text) : -1;
	if (value < 0 || value > 65535)
		throw new InvalidArgumentError("expected a port, 1 to 65535 (0: any free one).");
	return value;
}

function boards(text: string): number {
	const value = /^\d{1,3}$/.test(text) ? Number(text) : 0;
	if (value < 1 || value > MOST) throw new InvalidArgumentError(`expected a number of boards, 1 to ${MOST}.`);
	return value;
}

function speed(text: string): number {
	const value = Number(text);
	if (!(value > 0 && value <= 1e6))
		throw new InvalidArgumentError("expected how many times as fast, above 0.");
	return value;
}

function address(text: string): string {
	if (!parseAddress(text))
		throw new InvalidArgumentError("expected mqtt://HOST[:PORT] or mqtts://HOST[:PORT].");
	return text;
}

function list(text: string): Kind[] {
	const found = text.split(",");
	const wrong = found.find(kind => !kinds.includes(kind as Kind));
	if (wrong !== undefined)
		throw new InvalidArgumentError(`expected some of ${kinds.join(",")}, found "${wrong}".`);
	return found as Kind[];
}

function word(what: string): (text: string) => string {
	return text => {
		if (text === "") throw new InvalidArgumentError(`expected ${what}, found nothing.`);
		return text;
	};
}

function command(output: Output): Command {
	return new Command("npm start --")
		.description("Runs one board, and a broker for it unless it has one.")
		.addOption(
			new Option("--broker <url>", "connect to this broker and start none")
				.argParser(address)
				.conflicts(["brokerPort", "host", "newBroker", "user", "password"]),
		)
		.addOption(
			new Option(
				"--aws [manner]",
				"start a local AWS IoT Core in place of the broker (strict: an unpleasant one)",
			)
				.choices(["strict"])
				.conflicts([
					"broker",
					"host",
					"newBroker",
					"user",
					"password",
					"keep",
					"replay",
					"ca",
					"cert",
					"key",
				]),
		)
		.addOption(
			new Option("--engine <name>", "run the firmware in XS, the microcontroller's engine, or in Node")
				.choices(["xs", "node"])
				.default("xs"),
		)
		.option(
			"--config <file>",
			"the board's description (default: hosts/desk/board.json)",
			word("a file name"),
		)
		.option(
			"--firmware <file>",
			"a program of yours in place of main.ts (see examples/)",
			word("a file name"),
		)
		.option("--id <id>", "client id, in place of the description's", word("an id"))
		.option("--root <topic>", "root of the board's topics, in place of the description's", word("a topic"))
		.option(
			"--data <dir>",
			"where the board keeps what must survive a restart (default: .glowworm/<id>)",
			word("a directory"),
		)
		.option(
			"--broker-port <n>",
			"port of the broker that is started (default: 1883 or the next free one)",
			port,
		)
		.option("--host <address>", "address that broker listens on (default: 127.0.0.1)", word("an address"))
		.option("--new-broker", "start a broker even where one listens on port 1883 already")
		.addOption(
			new Option("--user <name>", "who may connect to that broker (default: anybody)").implies({
				newBroker: true,
			}),
		)
		.option("--password <text>", "that user's password", word("a password"))
		.option("--ca <file>", "TLS: authorities to trust, in place of this machine's own", word("a file name"))
		.option("--cert <file>", "TLS: the board's certificate", word("a file name"))
		.option("--key <file>", "TLS: its private key", word("a file name"))
		.option("--keep", "keep that broker's retained messages and sessions in the data folder")
		.option("--record <file>", "append what passes to this file, one JSON object a line", word("a file name"))
		.addOption(
			new Option("--replay <file>", "play a recording to the page, and run no board")
				.argParser(word("a file name"))
				.conflicts(["broker", "firmware", "record", "keep"]),
		)
		.option("--speed <n>", "with --replay: so many times as fast as it was recorded (default: 1)", speed)
		.option("--boards <n>", "so many virtual boards like this one", boards, 1)
		.option("--page-port <n>", "port of the desk's page (default: 8080 or the next free one)", port)
		.option("--no-page", "serve no page")
		.option("--log <kinds>", `print these messages only, of ${kinds.join(", ")}`, list)
		.option("--quiet", "print no messages, only where the broker is and what goes wrong")
		.allowExcessArguments(false)
		.addHelpText("after", EXAMPLES)
		.showHelpAfterError("(--help lists the options)")
		.configureOutput({ writeOut: text => output.out(text), writeErr: text => output.error(text) })
		.exitOverride();
}

/** The options, or the exit code when there is nothing to run: 0 after help, 2 after what was wrong was printed. */
export function parse(args: readonly string[], output: Output): Options | number {
	try {
		const parsed = command(output).parse(args, { from: "user" });
		const options = parsed.opts<Options>();
		if (options.speed !== undefined && options.replay === undefined)
			parsed.error("error: option '--speed <n>' is of use beside '--replay <file>' only");
		return options;
	} catch (error) {
		if (!(error instanceof CommanderError)) throw error;
		return error.exitCode === 0 ? 0 : 2;
	}
}

/** npm runs a script in the package's folder, not in the folder it was called from; file names are meant from there. */
export function inPlace(name: string): string {
	const from = process.env.npm_lifecycle_event === "start" ? process.env.INIT_CWD : undefined;
	return resolve(from ?? "", name);
}
