/**
 * The first certificate in the field, by the whole board in Node and in XS against the local AWS: with the claim certificate of its image
 * it asks for one of its own, proves it, and keeps it. Power cuts at every step are in claimcut.test.ts.
 */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { claimPolicy, shippedTemplate } from "../../../hosts/desk/aws/account.js";
import { type Aws, type AwsEvent, type Credentials, openAws } from "../../../hosts/desk/aws/aws.js";
import { DeskBoard } from "../../../hosts/desk/board.js";
import { loadCredentials } from "../../../hosts/node/credentials.js";
import type { Device } from "../../../modules/device/io.js";
import type { Timer } from "../../../modules/mqtt/io.js";
import { certificates } from "../../aws/world.js";
import { engines } from "../../firmware/scene.js";

const ROOT = "greenhouse/1";
const TEMPLATE = "fleet";
const PATIENCE = 20_000;
let boards = 0;

/** A minute takes a second, the trial's and the pause before another certificate; five of them take `five` milliseconds. */
function hasty(timer: Timer, five: number): Timer {
	const short = (delay = 0) => (delay > 200_000 ? five : delay >= 50_000 ? delay / 60 : delay);
	return {
		set: (callback, delay, repeat) =>
			repeat === undefined
				? timer.set(callback, short(delay))
				: timer.set(callback, short(delay), short(repeat)),
		repeat: (callback, interval) => timer.repeat(callback, short(interval)),
		schedule: (handle, ...when) =>
			when.length ? timer.schedule(handle, short(when[0]), short(when[1])) : timer.schedule(handle),
		clear: handle => timer.clear(handle),
	};
}

for (const { name: engine, missing } of engines)
	describe(`fleet provisioning by the board, in ${engine}${missing ? ` (pending: ${missing})` : ""}`, function () {
		this.timeout(60_000);
		let aws: Aws;
		let id: string;
		let claim: Credentials;
		let board: DeskBoard | undefined;
		let directory: string;
		const events: AwsEvent[] = [];
		const trace: string[] = [];

		before(function () {
			if (missing) this.skip();
		});
		beforeEach(async () => {
			directory = mkdtempSync(join(tmpdir(), "claim-"));
			id = `claimed-${engine}-${++boards}`;
			aws = await openAws({ folder: certificates(), onEvent: event => events.push(event) });
			aws.createPolicy("claim", claimPolicy(TEMPLATE));
			aws.createTemplate(TEMPLATE, shippedTemplate());
			claim = await aws.claim("claim", ["claim"]);
			aws.setCertificate(claim.certificateId, "ACTIVE");
		});
		afterEach(async () => {
			await board?.close();
			board = undefined;
			await aws?.close();
			rmSync(directory, { recursive: true, force: true });
			events.length = trace.length = 0;
		});

		async function start({ serial = "", five = 10_000 } = {}): Promise<void> {
			board = await DeskBoard.start({
				engine,
				data: directory,
				tls: loadCredentials(claim.files),
				trace: line => void trace.push(line),
				wire: (device): Device => ({
					...device,
					timer: hasty(device.timer, five),
					...(serial && { serial }),
				}),
				description: {
					root: ROOT,
					id,
					broker: aws.url,
					profile: "aws",
					provisioning: TEMPLATE,
					lamp: { pin: 2 },
					sensors: [{ name: "temp", driver: "wave", every: 200 }],
				},
			});
		}
		async function until(what: string, look: () => unknown): Promise<void> {
			const end = Date.now() + PATIENCE;
			while (!look()) {
				if (Date.now() > end)
					assert.fail(`${what} did not come about\n${trace.join("\n")}\n${JSON.stringify(events)}`);
				await new Promise(done => setTimeout(done, 20));
			}
		}
		const said = (pattern: RegExp) => trace.filter(line => pattern.test(line)).length;
		const asked = () => events.filter(({ topic }) => topic?.startsWith("$aws/certificates/")).length;
		const status = (name = id) => aws.retained(`${ROOT}/${name}/status`)?.toString();

		it("makes a key, gets a certificate and a thing, is online with them, and claims no more once they are kept", async () => {
			await start();
			await until("its trial", () => said(/^provision: kept$/));
			assert.equal(status(), "online");
			assert.equal(asked(), 1);
			// All that passed before was the claim's.
			const own = events.findIndex(({ topic }) => topic?.startsWith(ROOT));
			assert.ok(own > events.findIndex(({ topic }) => topic?.includes("/provision/")));
			aws.setCertificate(claim.certificateId, "INACTIVE");
			await board?.close();
			assert.equal(status(), "offline");
			await board?.on();
			await until("it again", () => status() === "online");
			assert.equal(asked(), 1);
		});
		it("takes the name that the template gives it", async () => {
			await start({ serial: `serial-${id}` });
			await until("its name", () => status(`serial-${id}`) === "online");
		});
		it("goes back to the claim where its policy keeps it from coming online, and asks again", async () => {
			aws.createPolicy("nothing", {
				Version: "2012-10-17",
				Statement: [{ Effect: "Deny", Action: "iot:*", Resource: "*" }],
			});
			aws.createTemplate(
				TEMPLATE,
				JSON.parse(JSON.stringify(shippedTemplate()).replace("glowworm", "nothing")),
			);
			await start({ five: 3000 });
			await until("its end", () => said(/^provision: no broker within five minutes/));
			aws.createTemplate(TEMPLATE, shippedTemplate());
			await until("its trial", () => said(/^provision: kept$/));
			assert.ok(asked() >= 2);
		});
		it("says why it is refused, and asks again later", async () => {
			aws.createTemplate(TEMPLATE, shippedTemplate(), () => false);
			await start();
			await until("the refusal", () => said(/^claim: refused: AccessDenied: .*; again in 60 s$/));
			aws.createTemplate(TEMPLATE, shippedTemplate());
			await until("it", () => status() === "online");
		});
	});
