/**
 * The first certificate in the field: AWS's fleet provisioning with the claim certificate of the image. Stands in the place of the session
 * while the board has no certificate of its own: the host makes a key and a request, AWS a certificate for it, and a thing by the template
 * that the description names. Each answer is stored before the next question, and the new identity is on trial from the next start on
 * (provisioning/trial.ts). Makes no key, and publishes nothing of the board: alerts wait for its name.
 * https://docs.aws.amazon.com/iot/latest/developerguide/fleet-provision-api.html
 */

import type MQTTClient from "../../mqtt/client.js";
import { encode } from "../../mqtt/codec.js";
import type { ControlMessage, Item, ReadableOptions } from "../../mqtt/io.js";
import { Deadline } from "../../session/deadline.js";
import type { SessionOptions } from "../../session/options.js";
import type { SessionLike } from "../../session/session.js";
import type Board from "../board.js";
import type { CertificateRequest, CertificateRequestClass, Provision } from "../io.js";
import { isRecord, parse, type Values } from "../json.js";
import type { Room } from "../memory.js";
import { none } from "../publisher.js";
import { admitting } from "./shadow.js";

const KEY = "claim";
/** How often a certificate was asked for. */
export const claimRoom: Room = Object.freeze([KEY, 16] as const);
const CREATE = "$aws/certificates/create-from-csr/json";
/** Bytes of an answer: a certificate, and a token of some hundred. */
const LONGEST = 8192;
/** Milliseconds. AWS takes one CONNECT a second of a client. */
const Wait = Object.freeze({
	connect: 1000,
	/** For a connection with its answers; also the most between two of them where no certificate was asked for. */
	answer: 45_000,
	/** A chip takes up to a minute. */
	key: 300_000,
	/** Until another certificate is asked for, doubled each time: a template that is wrong costs one a day. */
	again: 60_000,
	longest: 86_400_000,
});

export default class Claim {
	private readonly board: Board;
	private readonly options: SessionOptions;
	private readonly provision: Provision;
	/** As the template knows the board. */
	private readonly serial: string;
	private readonly template: string;
	/** The certificate that waits for its thing is from an earlier life: AWS may have given it one. */
	private readonly resumed: boolean;
	/** Until the next connection, or the end of this one. */
	private readonly turn: Deadline;
	private request: CertificateRequest | undefined;
	private made: ReturnType<CertificateRequest["read"]>;
	private client: MQTTClient | undefined;
	/** A certificate was asked for on this connection. */
	private asked = false;
	private tries = 0;
	/** Of the answer that is coming. */
	private topic = "";
	private answer = new Uint8Array(0);
	private received = 0;

	constructor(board: Board, options: SessionOptions) {
		const { device, description } = board;
		this.board = board;
		this.options = options;
		this.provision = device.provision as Provision;
		this.serial = device.serial ?? description.id;
		this.template = `$aws/provisioning-templates/${description.provisioning}/provision/json`;
		this.resumed = this.token !== undefined;
		this.turn = new Deadline(device.timer, this, this.expired);
		this.turn.set(this.resumed ? 0 : pause(this.count));
	}

	/** In the place of the board's, which publishes nothing: it has no name yet. */
	get session(): SessionLike {
		const close = (callback?: (parted: boolean) => void) => {
			this.close();
			if (callback) this.board.device.timer.set(() => callback(false), 0);
		};
		return { ...none, close };
	}

	private close(): void {
		this.turn.close();
		this.request?.close();
		this.client?.close();
	}

	/** Of the certificate that waits for its thing. */
	private get token(): string | undefined {
		return this.provision.next.token ?? undefined;
	}

	/** How often a certificate was asked for. */
	private get count(): number {
		return (this.board.memory.get(KEY) as { readonly n?: number }).n ?? 0;
	}

	private expired(): void {
		if (this.client || this.request) this.fail(this.client ? "no answer" : "no key within five minutes");
		else if (this.made || this.token !== undefined) this.connect();
		else this.make();
	}

	private make(): void {
		const CertificateRequest = this.board.device.io.CertificateRequest as CertificateRequestClass;
		this.report("a key is made");
		this.turn.set(Wait.key);
		try {
			this.request = new CertificateRequest({
				subject: this.serial,
				onReadable: () => {
					this.made = this.request?.read();
					this.request?.close();
					this.request = undefined;
					this.connect();
				},
				onError: reason => this.fail(`no key: ${reason}`),
			});
		} catch (error) {
			this.fail(`no key: ${error}`);
		}
	}

	private connect(): void {
		const { brokers, keepAlive, client: defaults } = this.options;
		const { host, port, client: own } = brokers[this.tries % brokers.length] as (typeof brokers)[0];
		const { io, ...shared } = { ...defaults, ...own };
		this.turn.set(Wait.answer);
		try {
			this.client = new (io as unknown as typeof MQTTClient)({
				...shared,
				host,
				port,
				id: this.serial,
				keepAlive,
				onControl: (operation, message) => this.control(operation, message),
				onReadable: (count, options) => this.readable(count, options),
				onError: error => this.fail(`${error?.message}`),
			});
		} catch (error) {
			this.fail(`${error}`);
		}
	}

	/** CONNACK or SUBACK. A question that finds no room throws here, and so ends the connection. */
	private control(operation: number, { returnCode, payload = [] }: ControlMessage): void {
		if (operation === 2 && returnCode === 0) {
			const items: Item[] = [];
			[CREATE, this.template].forEach(topic => {
				items.push({ topic: `${topic}/accepted`, QoS: 1 }, { topic: `${topic}/rejected`, QoS: 1 });
			});
			this.client?.write(undefined, { operation: 8, items });
		} else if (operation === 9) {
			if (payload.some(code => code > 2)) this.fail("its policy forbids the answers");
			else this.ask();
		}
	}

	/** For a thing where there is a certificate, else for that. Counted before, so that a board that ends here each time asks seldom. */
	private ask(): void {
		const { serial, token, board } = this;
		this.asked = token === undefined;
		if (this.asked) board.memory.put(KEY, { n: this.count + 1 });
		const question = this.asked
			? { certificateSigningRequest: this.made?.request }
			: {
					certificateOwnershipToken: token,
					parameters: { ...board.description.parameters, SerialNumber: serial },
				};
		const topic = this.asked ? CREATE : this.template;
		this.client?.write(encode(JSON.stringify(question)), { topic, QoS: 1 });
	}

	private readable(count: number, { topic, byteLength = 0 }: ReadableOptions): void {
		if (topic !== undefined) {
			this.topic = topic;
			this.answer = new Uint8Array(Math.min(byteLength, LONGEST));
			this.received = 0;
		}
		const { answer, received } = this;
		this.received += this.client?.read(answer.subarray(received, received + count)) ?? 0;
		if (this.received < answer.byteLength) return;
		const { value, error } = parse(answer, LONGEST, admitting(this.board.names));
		if (isRecord(value)) this.answered(value);
		else this.fail(`${error}`);
	}

	private answered(answer: Values): void {
		const { certificatePem, certificateOwnershipToken, thingName, errorCode, errorMessage } = answer;
		const { topic, made, provision, template } = this;
		if (topic === `${CREATE}/accepted` && made) {
			const lines = `${certificatePem}`.split("\n").filter(line => !line.startsWith("-"));
			const certificate = lines.map(line => line.trim()).join("");
			if (provision.propose({ certificate, key: made.key, token: `${certificateOwnershipToken}` })) {
				this.made = undefined;
				this.ask();
			} else this.fail("the certificate could not be stored");
		} else if (topic === `${template}/accepted`) this.try(`thing ${thingName}`, thingName as string);
		else if (topic.endsWith("/rejected")) {
			const refused = `refused: ${errorCode}: ${errorMessage}`;
			// The token may be too old, or was used before the power went: then the certificate has its thing.
			if (this.resumed && topic.startsWith(template)) this.try(refused);
			else {
				// AWS deletes a certificate without a thing after an hour.
				this.made = undefined;
				this.asked = provision.drop();
				this.fail(refused);
			}
		}
	}

	/** The identity is on trial from the next start on. A name that is not known is most likely the one that the template was told. */
	private try(why: string, id = this.serial): void {
		const { device, description } = this.board;
		const { restart, timer } = device;
		if (this.provision.propose({ token: null, ...(id !== description.id && { id }) })) {
			this.close();
			this.report(`${why}; on trial from the next start on`);
			if (restart) timer.set(restart, Wait.connect);
		} else this.fail("the identity could not be stored");
	}

	private fail(reason: string): void {
		const tries = this.tries++;
		this.client?.close();
		this.request?.close();
		this.client = this.request = undefined;
		// Without a certificate from it, the back-off of a session.
		const delay = this.asked
			? pause(this.count)
			: Wait.connect + Math.random() * Math.min(1000 * 2 ** tries, Wait.answer);
		this.asked = false;
		this.turn.set(delay);
		this.report(`${reason}; again in ${Math.ceil(delay / 1000)} s`);
	}

	private report(line: string): void {
		this.board.publisher.report(`claim: ${line}`);
	}
}

/** Milliseconds until a certificate may be asked for, after so many. */
const pause = (count: number): number => count && Math.min(Wait.again * 2 ** (count - 1), Wait.longest);
