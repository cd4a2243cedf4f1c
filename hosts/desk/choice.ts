/**
 * Which broker `npm start` uses: the one that the command line or the description names, the one that listens on this machine already,
 * or one that is started. Says which, and from where else it can be reached. The broker itself is broker.ts.
 */

import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { generate, parser } from "mqtt-packet";
import { parseAddress, publicAddress } from "../../modules/device/broker.js";
import { type Broker, type BrokerOptions, startBroker } from "./broker.js";
import { type Config, Wrong } from "./config.js";
import type { Options } from "./options.js";

const standardHost = "127.0.0.1";
const standardPort = 1883;
/** How long a broker on this machine may take for CONNACK. */
const patience = 1000;

export interface Choice {
	/** The one that was started. */
	readonly own?: Broker;
	/** Where the board finds its broker, user and password included. */
	readonly address: Config["broker"];
}

type Say = (line: string) => void;
type Started = Pick<BrokerOptions, "tap" | "keep">;

/** `started`: for a broker that is; `standard` is where a broker of this machine is looked for. Throws `Wrong` where none can be started. */
export async function chooseBroker(
	options: Options,
	{ broker: named }: Pick<Config, "broker">,
	say: Say,
	standard = standardPort,
	started: Started = {},
): Promise<Choice> {
	if (options.password !== undefined && options.user === undefined)
		throw new Wrong(["--password: expected --user beside it, found none"]);
	if (options.broker) return { address: named };
	const asked = options.host !== undefined || options.brokerPort !== undefined || options.newBroker;
	if (named !== undefined && !asked) return namedBroker(named, say, started);
	let why = "";
	if (!asked) {
		const code = await answer(standard);
		const address = `mqtt://${standardHost}:${standard}`;
		if (code === 0) {
			say(`broker at ${address}, which was there already (--new-broker starts another one)`);
			return { address };
		}
		if (code !== undefined)
			why = `; the one on port ${standard} wants a user: --broker mqtt://USER:PASSWORD@${standardHost}`;
	}
	return newBroker({ brokerPort: standard, ...options }, why, say, started);
}

async function newBroker(options: Options, why: string, say: Say, started: Started = {}): Promise<Choice> {
	const { host = standardHost, brokerPort: port = 0, user, password = "" } = options;
	let own: Broker;
	try {
		own = await startBroker({
			host,
			port,
			...(user !== undefined && { user, password }),
			...started,
		});
	} catch (error) {
		throw new Wrong([
			`--host ${host} --broker-port ${port}: no broker can listen there: ${(error as Error).message}`,
		]);
	}
	const taken = port && own.port !== port ? `; port ${port} is taken` : "";
	say(`broker at ${own.url} (started${why || taken})`);
	if (host === "0.0.0.0" || host === "::") {
		for (const address of addresses()) say(`broker at mqtt://${address}:${own.port}, for other machines`);
		if (user === undefined) say("anybody who reaches these addresses may connect: see --user and --password");
	}
	const secret = user === undefined ? "" : `${encodeURIComponent(user)}:${encodeURIComponent(password)}@`;
	return { own, address: own.url.replace("://", `://${secret}`) };
}

/** A description may name the broker that would be started here anyway: then it is, at that very port, or it is there already. */
async function namedBroker(
	named: string | readonly string[],
	say: Say,
	started: Started = {},
): Promise<Choice> {
	const address = typeof named === "string" ? parseAddress(named) : undefined;
	if (!address || address.secure || !["127.0.0.1", "localhost", "::1"].includes(address.host))
		return { address: named };
	try {
		const own = await startBroker({ ...address, attempts: 1, ...started });
		say(`broker at ${own.url}`);
		return { own, address: own.url };
	} catch {
		say(`broker at ${publicAddress(address)}, which was there already`);
		return { address: named };
	}
}

/** The return code of CONNACK from what listens on this port of this machine; undefined where no broker does. */
function answer(port: number): Promise<number | undefined> {
	return new Promise(resolve => {
		const socket = connect(port, standardHost);
		const done = (code?: number) => {
			clearTimeout(late);
			socket.destroy();
			resolve(code);
		};
		const late = setTimeout(done, patience);
		const packets = parser({ protocolVersion: 4 });
		packets.on("packet", packet => done(packet.cmd === "connack" ? packet.returnCode : undefined));
		packets.on("error", () => done());
		socket.on("connect", () =>
			socket.write(
				generate({
					cmd: "connect",
					protocolId: "MQTT",
					protocolVersion: 4,
					clientId: "",
					clean: true,
					keepalive: 0,
				}),
			),
		);
		socket.on("data", bytes => packets.parse(bytes));
		socket.on("error", () => done());
		socket.on("close", () => done());
	});
}

/** This machine's IPv4 addresses that others may reach. */
function addresses(): string[] {
	return Object.values(networkInterfaces())
		.flatMap(list => list ?? [])
		.filter(({ family, internal }) => family === "IPv4" && !internal)
		.map(({ address }) => address);
}
