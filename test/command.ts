/** What the command lines of campaigns have in common: numbers that are checked, names of files where they were typed, tables. */

import { resolve } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { readerMayGo } from "../hosts/desk/print.js";

/** A whole number of at least `least`. */
export function whole(least: number): (text: string) => number {
	return text => {
		const value = Number(text);
		if (!Number.isInteger(value) || value < least)
			throw new InvalidArgumentError(`expected a whole number of at least ${least}.`);
		return value;
	};
}

/** npm runs scripts in the package's folder; file names are meant from where it was called. */
export function inPlace(name: string): string {
	return resolve(process.env.INIT_CWD ?? "", name);
}

/** A program that exits with 2 for words that it does not know, and whose reader may go. */
export function program(name: string, description: string): Command {
	readerMayGo();
	return new Command(name)
		.description(description)
		.allowExcessArguments(false)
		.showHelpAfterError("(--help lists the options)")
		.exitOverride(({ exitCode }) => process.exit(exitCode && 2));
}
