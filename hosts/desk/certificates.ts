/**
 * `npm run certificates -- FOLDER --ca FILE --cert FILE --key FILE`: makes of the files people have (PEM or DER) the folder
 * that a microcontroller's manifest includes, and refuses what the SDK's TLS would fail on after flashing. A manifest
 * that includes a folder which is not there does not build. What is trusted and how is hosts/moddable's.
 */

import { X509Certificate } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Command } from "commander";
import { type CredentialFiles, loadCredentials, readKey } from "../node/credentials.js";

/** One file of the folder; `config.certificates` names it by `role`. */
interface Part {
	readonly role: "ca" | "certificate" | "key";
	readonly name: string;
	/** Of several certificates one after the other. */
	readonly der: readonly Uint8Array[];
}

/** Writes the folder. Returns a line for each file; throws one line for what is wrong, and then writes nothing. */
export function prepare(folder: string, files: CredentialFiles, now = new Date()): string[] {
	const parts = check(files, now);
	mkdirSync(folder, { recursive: true });
	for (const { name, role, der } of parts) {
		const file = join(folder, `${name}.der`);
		const mode = role === "key" ? 0o600 : 0o644;
		// A file that is there already keeps its mode when it is written.
		if (existsSync(file)) chmodSync(file, mode);
		writeFileSync(file, Buffer.concat(der), { mode });
	}
	const manifest = {
		data: { "*": parts.map(({ name }) => `./${name}`) },
		config: { certificates: Object.fromEntries(parts.map(({ role, name }) => [role, `${name}.der`])) },
	};
	writeFileSync(join(folder, "manifest.json"), `${JSON.stringify(manifest, undefined, "\t")}\n`);
	return parts.map(({ role, name, der }) => {
		const what = role === "key" ? "private key, to be kept secret" : der.map(describe).join("; ");
		return `${join(folder, `${name}.der`)}: ${what}`;
	});
}

function check(files: CredentialFiles, now: Date): Part[] {
	const credentials = loadCredentials(files);
	const ca = credentials.ca as readonly Uint8Array[] | undefined;
	const chain = credentials.clientCertificate as readonly Uint8Array[] | undefined;
	const { ca: caFile, certificate: chainFile, key: keyFile } = files;
	if (!ca && !chain) throw new Error("expected --ca, or --cert and --key, found none of them");
	const parts: Part[] = [];
	if (ca) parts.push({ role: "ca", name: "ca", der: authorities(valid(ca, caFile, now), caFile) });
	if (chain) {
		const der = credentials.clientKey as Uint8Array;
		const { asymmetricKeyType } = readKey(der);
		// Seen with SDK 8.2.3: as a client it signs with RSA.
		if (asymmetricKeyType !== "rsa")
			throw new Error(`${keyFile}: expected an RSA key, found ${asymmetricKeyType}`);
		parts.push({ role: "certificate", name: "device", der: valid(chain, chainFile, now) });
		parts.push({ role: "key", name: "device-key", der: [der] });
	}
	return parts;
}

function valid(chain: readonly Uint8Array[], file: string | undefined, now: Date): readonly Uint8Array[] {
	for (const der of chain) {
		const { validTo } = new X509Certificate(der);
		if (new Date(validTo) < now)
			throw new Error(`${file}: expected a certificate of today, found one until ${validTo}`);
	}
	return chain;
}

/** A broker's own certificate signs no other: a board that trusts nothing else refuses every broker. */
function authorities(chain: readonly Uint8Array[], file: string | undefined): readonly Uint8Array[] {
	for (const der of chain) {
		const { ca, subject } = new X509Certificate(der);
		if (!ca)
			throw new Error(
				`${file}: expected the authority's certificate, found one that is no authority: ${subject.split("\n").join(", ")}`,
			);
	}
	return chain;
}

function describe(der: Uint8Array): string {
	const { subject, validTo } = new X509Certificate(der);
	return `${subject.split("\n").join(", ")}, until ${validTo}`;
}

interface Options {
	readonly ca?: string;
	readonly cert?: string;
	readonly key?: string;
}

function run(): void {
	const command = new Command("certificates")
		.usage("FOLDER [options]")
		.description(
			'Makes the folder of certificates that a board\'s manifest includes: "./FOLDER/manifest.json".',
		)
		.argument("<folder>", "where to; what is there of the same names is replaced")
		.option("--ca <file>", "the authority that the broker's certificate comes from, or several")
		.option("--cert <file>", "the board's own certificate, and after it those that vouch for it")
		.option("--key <file>", "the private key to it")
		.exitOverride(({ exitCode }) => process.exit(exitCode && 2))
		.parse();
	const { ca, cert, key } = command.opts<Options>();
	const files = { ...(ca && { ca }), ...(cert && { certificate: cert }), ...(key && { key }) };
	try {
		for (const line of prepare(command.args[0] as string, files)) console.log(line);
	} catch (error) {
		console.error(`certificates: ${(error as Error).message}`);
		process.exitCode = 2;
	}
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) run();
