/**
 * The desk's own client of the broker: a persistent session, so that nothing is missed, on what the desk counts and
 * records. The firmware's MQTT client over hosts/node, kept connected by the same code as the page's.
 */

import type { TCPClass } from "../../modules/mqtt/io.js";
import { Resolver } from "../node/resolver.js";
import { type NodeTCPOptions, TCP } from "../node/tcp.js";
import { TLS, type TLSOptions } from "../node/tls.js";
import { Link, type Message, type Through } from "./page/mqtt/link.js";
import type { BrokerAddress } from "./web/bridge.js";

/** Bytes of a payload: what is longer is cut, and says so. */
const KEPT = 1 << 20;
/** Milliseconds for the broker to forget the session at the end. */
const PATIENCE = 300;

export interface Subscriber {
	/** Ends the session too. */
	close(): Promise<void>;
}

/** Subscribes to each filter at QoS 1. `id` names the session: the broker queues for it while the desk is away. */
export function subscribe(
	address: BrokerAddress,
	id: string,
	filters: readonly string[],
	onMessage: (message: Message) => void,
): Subscriber {
	const { host, port, secure, user, password, tls } = address;
	const through = {
		host,
		port,
		socket: { io: secure ? trusting(host, tls) : TCP },
		dns: { io: Resolver },
		...(user !== undefined && { user }),
		...(password !== undefined && { password }),
	};
	const link = new Link({
		through,
		id,
		clean: false,
		kept: KEPT,
		patience: 250,
		onMessage,
	});
	for (const filter of filters) link.subscribe(filter, 1);
	link.connect();
	return {
		async close() {
			const known = link.state === "online";
			link.disconnect();
			if (known) await forget(through, id);
		},
	};
}

/** A clean connection ends the session, which the broker would queue for otherwise, for ever. */
function forget(through: Through, id: string): Promise<void> {
	return new Promise(done => {
		const finish = () => {
			clearTimeout(late);
			link.disconnect();
			done();
		};
		const link = new Link({
			through,
			id,
			lasting: false,
			onMessage() {},
			onState(state) {
				if (state === "online") queueMicrotask(finish);
			},
		});
		const late = setTimeout(finish, PATIENCE);
		link.connect();
	});
}

function trusting(host: string, tls: BrokerAddress["tls"]): TCPClass {
	return class extends TLS {
		constructor(options: NodeTCPOptions) {
			super({ ...options, tls: { host, ...tls } } as TLSOptions);
		}
	};
}
