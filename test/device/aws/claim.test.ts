/**
 * The first certificate in the field, by the whole board in Node and in XS against the local AWS: with the claim certificate of its image
 * it asks for one of its own, proves it, and keeps it. Power cuts at every step are in claimcut.test.ts.
 */

import assert from "node:assert/strict";
import { claimPolicy, shippedTemplate } from "../../../hosts/desk/aws/account.js";
import type { Credentials } from "../../../hosts/desk/aws/aws.js";
import { loadCredentials } from "../../../hosts/node/credentials.js";
import type { Device } from "../../../modules/device/io.js";
import type { Timer } from "../../../modules/mqtt/io.js";
import { engines } from "../../firmware/scene.js";
import { Local, ROOT } from "./local.js";

const TEMPLATE = "fleet";
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
		let local: Local;
		let claim: Credentials;

		before(function () {
			if (missing) this.skip();
		});
		beforeEach(async () => {
			local = new Local(engine, `claimed-${engine}-${++boards}`);
			await local.open();
			const { aws } = local;
			aws.createPolicy("claim", claimPolicy(TEMPLATE));
			aws.createTemplate(TEMPLATE, shippedTemplate());
			claim = await aws.claim("claim", ["claim"]);
			aws.setCertificate(claim.certificateId, "ACTIVE");
		});
		afterEach(() => local?.close());

		const start = ({ serial = "", five = 10_000 } = {}) =>
			local.start(
				{ provisioning: TEMPLATE },
				{
					tls: loadCredentials(claim.files),
					wire: (device): Device => ({
						...device,
						timer: hasty(device.timer, five),
						...(serial && { serial }),
					}),
				},
			);
		/** How often a certificate was asked for. */
		const asked = () => local.events.filter(({ topic }) => topic?.startsWith("$aws/certificates/")).length;

		it("makes a key, gets a certificate and a thing, is online with them, and claims no more once they are kept", async () => {
			await start();
			await local.until("its trial", () => local.said(/^provision: kept$/));
			assert.equal(local.status(), "online");
			assert.equal(asked(), 1);
			// All that passed before was the claim's.
			const own = local.events.findIndex(({ topic }) => topic?.startsWith(ROOT));
			assert.ok(own > local.events.findIndex(({ topic }) => topic?.includes("/provision/")));
			local.aws.setCertificate(claim.certificateId, "INACTIVE");
			await local.board?.close();
			assert.equal(local.status(), "offline");
			await local.board?.on();
			await local.until("it again", () => local.status() === "online");
			assert.equal(asked(), 1);
		});
		it("takes the name that the template gives it", async () => {
			await start({ serial: `serial-${local.id}` });
			await local.until("its name", () => local.status(`serial-${local.id}`) === "online");
		});
		it("goes back to the claim where its policy keeps it from coming online, and asks again", async () => {
			local.aws.createPolicy("nothing", {
				Version: "2012-10-17",
				Statement: [{ Effect: "Deny", Action: "iot:*", Resource: "*" }],
			});
			local.aws.createTemplate(
				TEMPLATE,
				JSON.parse(JSON.stringify(shippedTemplate()).replace("glowworm", "nothing")),
			);
			await start({ five: 3000 });
			await local.until("its end", () => local.said(/^provision: no broker within five minutes/));
			local.aws.createTemplate(TEMPLATE, shippedTemplate());
			await local.until("its trial", () => local.said(/^provision: kept$/));
			assert.ok(asked() >= 2);
		});
		it("says why it is refused, and asks again later", async () => {
			local.aws.createTemplate(TEMPLATE, shippedTemplate(), () => false);
			await start();
			await local.until("the refusal", () => local.said(/^claim: refused: AccessDenied: .*; again in 60 s$/));
			local.aws.createTemplate(TEMPLATE, shippedTemplate());
			await local.until("it", () => local.status() === "online");
		});
	});
