/**
 * `npm start -- --aws`: a local AWS IoT Core (aws/) in the place of the broker, with a thing and a certificate for each board, and
 * certificates that may do everything for the page and for people. Says where it is and how another client gets in.
 */

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Description } from "../../modules/device/description/description.js";
import { loadCredentials } from "../node/credentials.js";
import type { Credentials } from "../node/tls.js";
import { claimPolicy, region, shippedTemplate } from "./aws/account.js";
import { type Aws, openAws } from "./aws/aws.js";
import { Control } from "./aws/control.js";
import { type Raw, Wrong } from "./config.js";
import { inPlace, type Options } from "./options.js";

/** The ports that AWS has; the next free ones if they are taken. */
const ports = { port: 8883, alpnPort: 8443 };
const attempts = 100;
/** Whose certificate people use, and the policy of that and the page's. */
const console = "console";
/** And those of boards that have no certificate of their own yet. */
const claim = "claim";

/** What a board says at AWS where its file says nothing else, unless that is one for any broker. */
export function atAws({ profile }: Raw): Raw {
	return profile === "plain" ? {} : { profile: "aws", shadow: true, jobs: true };
}

export interface Cloud {
	readonly aws: Aws;
	/** Of a board, which becomes a thing: by itself where its description has the template. */
	credentials(id: string): Promise<Credentials>;
	close(): Promise<void>;
	/** Of the page, which may do everything. */
	readonly page: Credentials;
}

type Described = Pick<Description, "root" | "provisioning">;

/** Throws `Wrong` where none can be started. */
export async function openCloud(
	options: Options,
	described: Described,
	say: (line: string) => void,
): Promise<Cloud> {
	const folder = inPlace(join(options.data ?? ".glowworm", "aws"));
	try {
		checkAuthority(folder);
		return await opened(folder, options, described, say);
	} catch (error) {
		throw wrong(folder, error as Error);
	}
}

function wrong(folder: string, { message }: Error): Wrong {
	return new Wrong([`--aws: ${message} (without the folder ${folder} all of it is made anew)`]);
}

/** What an earlier run has left: without its authority, no certificate that it gave out is any good. */
function checkAuthority(folder: string): void {
	const files = (name: string) => ({
		certificate: join(folder, `${name}.pem`),
		key: join(folder, `${name}.key`),
	});
	const endpoint = files("endpoint");
	if (existsSync(join(folder, "registry.json"))) loadCredentials(files("ca"));
	if (existsSync(endpoint.certificate) && existsSync(endpoint.key)) loadCredentials(endpoint);
}

async function opened(
	folder: string,
	options: Options,
	{ root, provisioning }: Described,
	say: (line: string) => void,
): Promise<Cloud> {
	const aws: Aws = await openAws({
		folder,
		...ports,
		...(options.brokerPort !== undefined && { port: options.brokerPort }),
		attempts,
		keep: true,
		root,
		strict: options.aws === "strict",
		seed: Date.now(),
		onEvent: ({ type, client, detail }) => {
			if (detail && type !== "untrusted")
				say(`AWS: ${client || "a client without an id"} ${type}: ${detail}`);
			else if (type === "untrusted") say(`AWS: TLS refused: ${detail}`);
		},
	});
	aws.createPolicy(console, {
		Version: "2012-10-17",
		Statement: [{ Effect: "Allow", Action: "iot:*", Resource: "*" }],
	});
	const { files } = await aws.claim(console, [console]);
	const page = await aws.claim("page", [console]);
	aws.oversee(page);
	const control = await Control.open(aws);
	if (provisioning) {
		aws.createPolicy(claim, claimPolicy(provisioning));
		aws.createTemplate(provisioning, shippedTemplate());
	}
	say(`broker at ${aws.url}, a local AWS IoT Core${options.aws === "strict" ? ", strict" : ""}`);
	say(`and at ${aws.alpnUrl} as AWS has it at port 443 (ALPN x-amzn-mqtt-ca)`);
	say(`things, certificates and policies in ${folder}`);
	const keys = "AWS_ACCESS_KEY_ID=desk AWS_SECRET_ACCESS_KEY=desk";
	say(`AWS's command line: export AWS_ENDPOINT_URL=${control.url} AWS_DEFAULT_REGION=${region} ${keys}`);
	const { ca, certificate, key } = files;
	const trust = `--ca ${ca} --cert ${certificate} --key ${key}`;
	if (!options.quiet)
		say(`in another terminal: npx mqtt sub -v -l mqtts -h localhost -p ${aws.port} ${trust} -t '${root}/#'`);
	return {
		aws,
		async close() {
			await control.close();
			await aws.close();
		},
		async credentials(id) {
			try {
				const { files } = provisioning ? await aws.claim(claim, [claim]) : await aws.thing(id);
				return loadCredentials(files);
			} catch (error) {
				throw wrong(folder, error as Error);
			}
		},
		page: loadCredentials(page.files),
	};
}
