/**
 * The first certificate, with the power cut at every write and at every message: the board ends with an identity that AWS knows, has
 * asked for one certificate more at most, and never asks at each start. AWS is a few lines here; the local one is in claim.test.ts.
 */

import assert from "node:assert/strict";
import aws from "../../../modules/device/aws/aws.js";
import type { KeyValue } from "../../../modules/device/io.js";
import { StoredProvision } from "../../../modules/device/provisioning/trial.js";
import type MQTTClient from "../../../modules/mqtt/client.js";
import { decode, encode } from "../../../modules/mqtt/codec.js";
import type { ControlMessage, MQTTClientOptions, WriteOptions } from "../../../modules/mqtt/io.js";
import type { SessionOptions } from "../../../modules/session/options.js";
import { PowerCut, World } from "../stage.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const CREATE = "$aws/certificates/create-from-csr/json";
const PROVISION = "$aws/provisioning-templates/fleet/provision/json";
const parameters = { Site: "north", SerialNumber: "none of its own" };
const description = { profile: "aws", provisioning: "fleet", parameters, lamp: { pin: 2 } };

type Values = { readonly [key: string]: unknown };

/** AWS, and the flash of one board that claims there. */
class Claiming {
	readonly world = new World();
	/** By certificate, the thing that has it; "" while none has. */
	readonly certificates = new Map<string, string>();
	readonly tokens = new Map<string, string>();
	readonly records = new Map<string, string>();
	/** What the template answers in place of a thing. */
	refuses = false;
	/** Connections with a thing's certificate come online. */
	admits = true;
	/** Connections come online under the thing's name only. */
	strict = false;
	/** Keys come. */
	makes = true;
	/** Gives the thing the name that it is told, in place of one of its own. */
	named = false;
	/** Writes and messages of the next life until the power goes; never when negative. */
	cutAfter = -1;
	provision!: StoredProvision;

	constructor() {
		const { world } = this;
		world.provision = () => {
			world.cutAfter = this.cutAfter;
			this.provision = new StoredProvision(this.store, ["id"]);
			return this.provision;
		};
		const claiming = this;
		world.request = class {
			constructor({ onReadable }: { readonly onReadable: () => void }) {
				if (claiming.makes) world.soon(onReadable);
			}
			read() {
				return { key: "KEY", request: "CSR" };
			}
			close() {}
		};
		class Client {
			readonly #options: MQTTClientOptions;
			#answer: Uint8Array = new Uint8Array(0);
			#closed = false;
			constructor(options: MQTTClientOptions) {
				this.#options = options;
				this.#control(2, { operation: 2, returnCode: 0 });
			}
			write(data: Uint8Array | undefined, { operation, topic = "" }: WriteOptions): number {
				if (operation === 8) this.#control(9, { operation: 9, payload: [1, 1, 1, 1] });
				else {
					const [kind, answer] = claiming.answer(topic, JSON.parse(decode(data as Uint8Array)));
					const bytes = encode(JSON.stringify(answer));
					world.soon(() => {
						if (this.#closed) return;
						this.#answer = bytes;
						const about = { more: false, topic: `${topic}/${kind}`, byteLength: bytes.byteLength };
						unharmed(() => this.#options.onReadable?.call(this, bytes.byteLength, about));
					});
				}
				return 1000;
			}
			read(buffer: Uint8Array): number {
				buffer.set(this.#answer);
				return this.#answer.byteLength;
			}
			close() {
				this.#closed = true;
			}
			#control(operation: number, message: ControlMessage) {
				world.soon(() => {
					if (!this.#closed) unharmed(() => this.#options.onControl?.call(this, operation, message));
				});
			}
		}
		const client = { io: Client as unknown as typeof MQTTClient } as unknown as SessionOptions["client"];
		world.session = { client, brokers: [{ host: "aws", port: 8883 }] };
	}

	readonly store: KeyValue = {
		open: () => ({
			read: key => this.records.get(key),
			write: (key, value) => {
				this.world.cut(`before ${key}`);
				this.records.set(key, value);
				this.world.cut(`after ${key}`);
			},
			delete: key => {
				this.world.cut(`before ${key} is deleted`);
				this.records.delete(key);
			},
			close() {},
			[Symbol.iterator]: () => this.records.keys(),
		}),
	};

	/** The power may go before AWS hears of it, and before the board hears the answer. */
	answer(topic: string, request: Values): readonly [string, Values] {
		this.world.cut("before a message");
		const answer = this.#answer(topic, request);
		this.world.cut("after a message");
		return answer;
	}
	#answer(
		topic: string,
		{ certificateOwnershipToken: token, parameters }: Values,
	): readonly [string, Values] {
		if (topic === CREATE) {
			const name = `CERTIFICATE${this.certificates.size}`;
			this.certificates.set(name, "");
			this.tokens.set(`token of ${name}`, name);
			const certificatePem = `-----BEGIN CERTIFICATE-----\n${name}\n-----END CERTIFICATE-----\n`;
			return ["accepted", { certificatePem, certificateOwnershipToken: `token of ${name}` }];
		}
		assert.equal(topic, PROVISION);
		const serial = this.world.serial ?? "b";
		assert.deepEqual(parameters, { Site: "north", SerialNumber: serial });
		const certificate = this.tokens.get(token as string);
		if (certificate === undefined || this.refuses)
			return ["rejected", { statusCode: 400, errorCode: "Refused", errorMessage: "no" }];
		this.tokens.delete(token as string);
		const thingName = this.named ? serial : "bed-7";
		this.certificates.set(certificate, thingName);
		return ["accepted", { thingName, deviceConfiguration: {} }];
	}

	/** One life: until its power goes, it restarts, or nothing more will happen. `patience` for a board with the claim. */
	live(patience = HOUR): void {
		const { world } = this;
		world.restarts = 0;
		world.start(description, [aws]);
		const certificate = this.provision.get("certificate");
		const over = () => world.gone || world.restarts > 0;
		if (certificate !== undefined) {
			const thing = this.certificates.get(certificate);
			const known = thing && (!this.strict || thing === (this.provision.get("id") ?? "b"));
			if (this.admits && known && !over()) world.link.connect();
			for (let i = 0; i < 6 && !over(); i++) world.clock.advance(MINUTE);
		} else for (let passed = 0; passed < patience && !over(); passed += 5000) world.clock.advance(5000);
		world.kill();
	}
	get kept(): boolean {
		const certificate = this.records.get("certificate");
		return (
			certificate !== undefined && this.certificates.get(certificate) !== "" && !this.records.has("trial")
		);
	}
}

/** A client lets no exception of a callback through; one of a power cut has had its effect. */
function unharmed(callback: () => void): void {
	try {
		callback();
	} catch (error) {
		if (!(error instanceof PowerCut)) throw error;
	}
}

describe("the first certificate", function () {
	this.timeout(60_000);

	it("is asked for once, proved, and kept with its key and the name of its thing; then nothing more is asked for", () => {
		const claiming = new Claiming();
		for (let life = 0; life < 5; life++) claiming.live();
		assert.ok(claiming.kept);
		assert.deepEqual(Object.fromEntries(claiming.records), {
			id: "bed-7",
			certificate: "CERTIFICATE0",
			key: "KEY",
		});
		assert.equal(claiming.certificates.size, 1);
		assert.ok(claiming.world.trace.includes("claim: thing bed-7; on trial from the next start on"));
	});

	it("is there in the end, after one certificate more at most, wherever the power went", () => {
		let more = 0;
		for (let life = 0; life < 3; life++)
			for (let cut = 0; ; cut++) {
				const claiming = new Claiming();
				for (let i = 0; i < life; i++) claiming.live();
				claiming.cutAfter = cut;
				claiming.live();
				const went = claiming.world.gone;
				claiming.cutAfter = -1;
				const where = `life ${life}, cut ${cut}`;
				for (let i = 0; i < 6 && !claiming.kept; i++) claiming.live();
				assert.ok(claiming.kept, where);
				assert.ok(claiming.certificates.size <= 2, where);
				const { size } = claiming.certificates;
				claiming.live();
				assert.equal(claiming.certificates.size, size, where);
				if (size > 1) more++;
				if (!went) break;
			}
		// Only between the question and the answer in flash.
		assert.equal(more, 2);
	});

	it("has its thing's name also where the answer was lost with the power, if the template names things as it is told", () => {
		for (let cut = 0; ; cut++) {
			const claiming = new Claiming();
			claiming.world.serial = "4C11AE";
			claiming.named = claiming.strict = true;
			claiming.cutAfter = cut;
			claiming.live();
			const went = claiming.world.gone;
			claiming.cutAfter = -1;
			for (let i = 0; i < 6 && !claiming.kept; i++) claiming.live();
			assert.ok(claiming.kept, `cut ${cut}`);
			assert.equal(claiming.records.get("id"), "4C11AE");
			// AWS has made a certificate, and the power went before it was in flash.
			const lost = [...claiming.certificates.values()].filter(thing => !thing).length;
			assert.equal(claiming.certificates.size, 1 + lost, `cut ${cut}`);
			if (!went) break;
		}
	});

	it("is asked for again where the host's key never comes", () => {
		const claiming = new Claiming();
		claiming.makes = false;
		claiming.live();
		const waits = claiming.world.trace.filter(line => line.startsWith("claim: no key within five minutes"));
		assert.ok(waits.length > 1);
		assert.equal(claiming.certificates.size, 0);
		claiming.makes = true;
		for (let i = 0; i < 5; i++) claiming.live();
		assert.ok(claiming.kept);
	});

	it("is not asked for at each start by a board whose power goes each time", () => {
		for (let cut = 0; cut < 12; cut++) {
			const claiming = new Claiming();
			claiming.cutAfter = cut;
			// Lives of ten minutes, for five hours.
			for (let i = 0; i < 30; i++) claiming.live(10 * MINUTE);
			assert.ok(claiming.certificates.size <= 5, `cut ${cut}: ${claiming.certificates.size}`);
		}
	});

	for (const [what, wrong] of [
		["the template refuses", { refuses: true, admits: true }],
		["no broker takes", { refuses: false, admits: false }],
	] as const)
		it(`is asked for ever more seldom where ${what} it, once a day in the end`, () => {
			const claiming = new Claiming();
			claiming.refuses = wrong.refuses;
			claiming.admits = wrong.admits;
			const begun = claiming.world.clock.now;
			while (claiming.world.clock.now - begun < 7 * 24 * HOUR) claiming.live(24 * HOUR);
			const { size } = claiming.certificates;
			assert.ok(size > 10 && size < 20, `${size} in a week`);
		});

	it("is not asked for on a host that makes no key: the certificate of the image holds", () => {
		const claiming = new Claiming();
		claiming.world.request = undefined;
		claiming.live();
		assert.equal(claiming.certificates.size, 0);
		assert.ok(claiming.world.trace.some(line => line.startsWith("provisioning: this host makes no key")));
		assert.ok(claiming.world.link);
	});
});
