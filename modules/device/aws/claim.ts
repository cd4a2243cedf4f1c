/**
 * The first certificate in the field: AWS's fleet provisioning with the claim certificate of the image. Stands in the place of the session
 * while the board has no certificate of its own: the host makes a key and a request, AWS a certificate for it, and a thing by the template
 * that the description names. Each answer is stored before the next question, and the new identity is on trial from the next start on
 * (provisioning/trial.ts). Makes no key, and publishes nothing of the board: alerts wait for its name.
 * https://docs.aws.amazon.com/iot/latest/developerguide/fleet-provision-api.html
 */

import type MQTTClient from "../../mqtt/client.js";
import { encode } from "../../mqtt/text.js";
import { Deadline } from "../../session/deadline.js";
import type { SessionLike, SessionOptions } from "../../session/options.js";
import { Outcome } from "../../session/outcomes.js";
import type { Parts } from "../feature.js";
import type { CertificateRequest, Provision, Texts } from "../io.js";
import { isRecord, type Names, parse, type Values } from "../json.js";
import type { Room } from "../memory.js";

const KEY = "claim";
/** How often a certificate was asked for. */
export const claimRoom: Room = Object.freeze([KEY, 16] as const);
const CREATE = "$aws/certificates/create-from-csr/json";
/** Bytes of an answer: a certificate, and a token of some hundred. */
const LONGEST = 8192;
/** Milliseconds for a connection with its answers; also the most between two of them where no certificate was asked for. */
const PATIENCE = 45_000;
/** AWS takes one CONNECT a second of a client. */
const PAUSE = 1000;
/** Milliseconds after which another certificate is asked for, doubled each time: a template that is wrong costs one a day. */
const Again = Object.freeze({ first: 60_000, longest: 86_400_000 });

export default class Claim implements SessionLike {
	/** The board is not: it has no name yet. */
	readonly online = false;
	readonly counters = Object.freeze({});
	private readonly parts: Parts;
	private readonly options: SessionOptions;
	private readonly names: Pick<Names, "admits">;
	private readonly provision: Provision;
	/** As the template knows the board. */
	private readonly serial: string;
	private readonly template: string;
	/** The certificate that waits for its thing is from an earlier life: AWS may have given it one. */
	private readonly resumed: boolean;
	private request: CertificateRequest | undefined;
	private made: ReturnType<CertificateRequest["read"]>;
	private client: MQTTClient | undefined;
	/** A question that has found no room yet. */
	private due: (() => void) | undefined;
	/** A certificate was asked for on this connection. */
	private asked = false;
	private tries = 0;
	private topic = "";
	private answer = new Uint8Array(0);
	private received = 0;
	/** Until the next connection, or the end of this one. */
	private readonly turn: Deadline;

	constructor(parts: Parts, names: Pick<Names, "admits">, options: SessionOptions) {
		const { device, description } = parts;
		this.parts = parts;
		this.options = options;
		this.names = names;
		this.provision = device.provision as Provision;
		this.serial = device.serial ?? description.id;
		this.template = `$aws/provisioning-templates/${description.provisioning}/provision/json`;
		this.resumed = this.token !== undefined;
		this.turn = new Deadline(device.timer, this, this.expired);
		this.turn.set(this.resumed ? 0 : this.pause);
	}

	publish(): number {
		return Outcome.droppedOffline;
	}

	measure(): number {
		return Outcome.droppedOffline;
	}

	resume(): void {}

	close(callback?: (parted: boolean) => void): void {
		this.turn.close();
		this.request?.close();
		this.client?.close();
		if (callback) this.parts.device.timer.set(() => callback(false), 0);
	}

	/** Of the certificate that waits for its thing. */
	private get token(): string | undefined {
		return this.provision.next.token ?? undefined;
	}

	/** Milliseconds until a certificate may be asked for. */
	private get pause(): number {
		const { n = 0 } = this.parts.memory.get(KEY) as { readonly n?: number };
		return n && Math.min(Again.first * 2 ** (n - 1), Again.longest);
	}

	private expired(): void {
		if (this.client) this.fail("no answer");
		else if (this.made || this.token !== undefined) this.connect();
		else this.make();
	}

	private make(): void {
		const CertificateRequest = this.parts.device.io.CertificateRequest;
		if (!CertificateRequest) return;
		const onError = (reason: unknown) => this.fail(`no key: ${reason}`);
		const onReadable = () => {
			this.made = this.request?.read();
			this.request?.close();
			this.request = undefined;
			this.connect();
		};
		try {
			this.report("a key is made");
			this.request = new CertificateRequest({ subject: this.serial, onReadable, onError });
		} catch (error) {
			onError(error);
		}
	}

	private connect(): void {
		const { brokers, keepAlive, client: defaults } = this.options;
		const { host, port, client: own } = brokers[this.tries % brokers.length] as (typeof brokers)[0];
		const { io, ...shared } = { ...defaults, ...own };
		this.turn.set(PATIENCE);
		try {
			this.client = new (io as unknown as typeof MQTTClient)({
				...shared,
				host,
				port,
				id: this.serial,
				keepAlive,
				onControl: (operation, { returnCode, payload = [] }) => {
					if (operation === 2 && returnCode === 0) this.say(() => this.subscribe());
					else if (operation === 9 && payload.some(code => code > 2))
						this.fail("its policy forbids the answers");
					else if (operation === 9) this.ask();
				},
				onReadable: (count, { topic, byteLength = 0 }) => this.readable(count, topic, byteLength),
				onWritable: () => this.due && this.say(this.due),
				onError: error => this.fail(`${error?.message}`),
			});
		} catch (error) {
			this.fail(`${error}`);
		}
	}

	/** What finds no room is said when there is some. */
	private say(question: () => void): void {
		this.due = question;
		try {
			question();
			this.due = undefined;
		} catch {
			// No room.
		}
	}

	private subscribe(): void {
		const items = [CREATE, this.template].flatMap(topic =>
			["accepted", "rejected"].map(answer => ({ topic: `${topic}/${answer}`, QoS: 1 })),
		);
		this.client?.write(undefined, { operation: 8, items });
	}

	/** For a thing where there is a certificate, else for that. Counted before, so that a board that ends here each time asks seldom. */
	private ask(): void {
		const { memory } = this.parts;
		const certificateOwnershipToken = this.token;
		if (certificateOwnershipToken !== undefined) {
			const parameters = { SerialNumber: this.serial };
			this.send(this.template, { certificateOwnershipToken, parameters });
			return;
		}
		const { n = 0 } = memory.get(KEY) as { readonly n?: number };
		memory.put(KEY, { n: n + 1 });
		this.asked = true;
		this.send(CREATE, { certificateSigningRequest: this.made?.request });
	}

	private send(topic: string, question: object): void {
		const payload = encode(JSON.stringify(question));
		this.say(() => this.client?.write(payload, { topic, QoS: 1 }));
	}

	private readable(count: number, topic: string | undefined, byteLength: number): void {
		if (topic !== undefined) {
			if (byteLength > LONGEST) {
				this.fail(`an answer of ${byteLength} bytes`);
				return;
			}
			this.topic = topic;
			this.answer = new Uint8Array(byteLength);
			this.received = 0;
		}
		const { answer, received } = this;
		this.received += this.client?.read(answer.subarray(received, received + count)) ?? 0;
		if (this.received < answer.byteLength) return;
		const { value } = parse(answer, LONGEST, this.names);
		if (isRecord(value)) this.answered(value);
	}

	private answered(answer: Values): void {
		const { certificatePem, certificateOwnershipToken, thingName, errorCode, errorMessage } = answer;
		const { topic, made, provision, template } = this;
		const refused = `refused: ${errorCode}: ${errorMessage}`;
		if (topic === `${CREATE}/accepted` && made) {
			const lines = `${certificatePem}`.split("\n").filter(line => !line.startsWith("-"));
			const certificate = lines.map(line => line.trim()).join("");
			if (provision.propose({ certificate, key: made.key, token: `${certificateOwnershipToken}` })) {
				this.made = undefined;
				this.ask();
			} else this.fail("the certificate could not be stored");
		} else if (topic === `${template}/accepted`) {
			const id = `${thingName}`;
			this.try({ token: null, ...(id !== this.parts.description.id && { id }) }, `thing ${id}`);
		} else if (topic === `${template}/rejected` && this.resumed) {
			// The token may be too old, or was used before the power went: then the certificate has its thing.
			this.try({ token: null }, refused);
		} else if (topic.endsWith("/rejected")) {
			// AWS deletes a certificate without a thing after an hour.
			this.made = undefined;
			this.asked = provision.drop();
			this.fail(refused);
		}
	}

	/** The identity is on trial from the next start on. */
	private try(texts: Texts, why: string): void {
		const { restart, timer } = this.parts.device;
		if (this.provision.propose(texts)) {
			this.close();
			this.report(`${why}; on trial from the next start on`);
			if (restart) timer.set(restart, PAUSE);
		} else this.fail("the identity could not be stored");
	}

	private fail(reason: string): void {
		const { asked, tries } = this;
		this.client?.close();
		this.client = undefined;
		this.request?.close();
		this.request = undefined;
		this.due = undefined;
		this.asked = false;
		this.tries = tries + 1;
		// Without a certificate from it, the back-off of a session.
		const delay = asked ? this.pause : PAUSE + Math.random() * Math.min(1000 * 2 ** tries, PATIENCE);
		this.turn.set(delay);
		this.report(`${reason}; again in ${Math.ceil(delay / 1000)} s`);
	}

	private report(line: string): void {
		this.parts.publisher.report(`claim: ${line}`);
	}
}
