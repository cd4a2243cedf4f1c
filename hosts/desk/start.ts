/**
 * `npm start`: a broker, unless there is one, and one board that runs the firmware in XS or in Node, with a live
 * log of what goes over the wire. Ends on Ctrl-C or SIGTERM as a board does: offline, DISCONNECT, exit 0.
 */

import { dirname, join } from "node:path";
import { parseAddress, publicAddress } from "../../modules/device/broker.js";
import type { Device } from "../../modules/device/io.js";
import type { NodeDevice } from "../node/device.js";
import { lock } from "../node/lock.js";
import type { PinState } from "../node/pins.js";
import type { Credentials } from "../node/tls.js";
import { available } from "../xs/worker.js";
import type { Broker } from "./broker.js";
import { type Choice, chooseBroker } from "./choice.js";
import { atAws, type Cloud, openCloud } from "./cloud.js";
import { type Config, credentials, load, overrides, Wrong } from "./config.js";
import { Desk } from "./desk.js";
import { program } from "./firmware.js";
import { Fleet } from "./fleet.js";
import { hinted } from "./hint.js";
import { kindOf, logging, noteworthy, stamp } from "./log.js";
import { type Engine, inPlace, type Options, parse } from "./options.js";
import { type Recorded, Recorder, readable, replay } from "./recording.js";
import { onSockets, tapped } from "./tap.js";
import { Wire } from "./wire.js";

/** Boards that the log names one by one. */
const NAMED = 10;
const standardHost = "127.0.0.1";
const standardPagePort = 8080;
/** A board has 1 s for its goodbye; what takes longer is cut off. */
const patience = 1800;
/** Within this a second signal is npm handing on the Ctrl-C that the terminal has sent to us already. */
const echo = 300;

/** How often to look whether npm is still there. */
const watch = 250;

interface Running {
	fleet?: Fleet;
	broker?: Broker;
	cloud?: Cloud;
	desk?: Desk;
	recorder?: Recorder;
	/** Ends a replay. */
	stopped?: AbortController;
}

const say = (line: string) => console.log(stamp(`· ${line}`));

async function start(options: Options): Promise<void> {
	const config = load(options);
	if (options.replay !== undefined) return play(options, options.replay, config);
	const { id, root } = config.description;
	const own = options.firmware === undefined ? undefined : program(inPlace(options.firmware));
	if (own && options.boards > 1)
		throw new Wrong(["--boards: expected none beside --firmware, whose program has an id of its own"]);
	const data = inPlace(options.data ?? join(".glowworm", own?.name ?? id));
	taken(data);
	const running: Running = {};
	if (options.record !== undefined && !options.page)
		throw new Wrong(["--record: expected the page, which records, found --no-page"]);
	const recorder = options.record === undefined ? undefined : record(inPlace(options.record));
	if (recorder) running.recorder = recorder;
	onSignals(running);
	const wire = new Wire();
	const cloud = options.aws && (await openCloud(options, config.description, say));
	if (cloud) running.cloud = cloud;
	const tls = cloud ? await cloud.credentials(id) : credentials(options);
	const { own: broker, address }: Choice = cloud
		? { address: cloud.aws.url }
		: await chooseBroker(options, config, say, undefined, {
				tap: () => wire.connection(),
				...(options.keep && { keep: join(data, "broker.json") }),
			});
	if (broker) running.broker = broker;
	const around = { own: broker, wire, tls: cloud ? cloud.page : tls, recorder };
	if (options.page) running.desk = await openDesk(options, { ...config, broker: address }, around);
	const engine = usable(options.engine);
	const where = `in ${engine === "xs" ? "XS" : "Node"}`;
	if (own) say(`${options.firmware} ${where}, state in ${data}`);
	else say(`board ${id} ${where}, topics ${root}/${id}/…, state in ${data}`);
	if (!options.quiet) sayHow(address, own ? "#" : `${root}/${id}/#`);
	const { desk } = running;
	const fleet = new Fleet({
		root,
		id,
		...(cloud && { credentials: cloud.credentials }),
		folder: other => (options.data ? join(data, other) : inPlace(join(".glowworm", other))),
		board: {
			engine,
			description: { ...(cloud && atAws(config.raw)), ...config.raw, broker: address },
			...(own && { program: own, overrides: overrides(options, address) }),
			directory: dirname(inPlace(config.file)),
			data,
			...(tls && { tls }),
			trace: line => {
				if (noteworthy(line, options)) say(hinted(line));
			},
			...(!options.quiet && { wire: watching(options) }),
			onEnd: reason => end(1, [reason]),
		},
		// Of a broker elsewhere the wire is what its own boards say and hear.
		...(!broker && { tap: () => wire.connection() }),
		onStart: (base, place) => desk?.accounts.add(base, place),
		onRaised: (base, alert) => desk?.accounts.raised(base, alert),
		onPin: (base, state) => desk?.pin(base, state),
		onChange: () => desk?.changed(),
		onTrouble: say,
	});
	running.fleet = fleet;
	desk?.attend(fleet);
	await fleet.start();
	if (options.boards === 1) return;
	await fleet.add(options.boards - 1);
	const ids = fleet.boards.map(({ base }) => base.slice(root.length + 1));
	const names = ids.length > NAMED ? [...ids.slice(0, NAMED - 1), "…", ids.at(-1)] : ids;
	say(`${ids.length} boards: ${names.join(", ")}; all but ${id} in Node and without lines of their own here`);
}

/**
 * A recording in the place of boards: a broker of its own, the page, and what was recorded, from when there is a subscriber,
 * which a page is: nothing is played without a client.
 */
async function play(options: Options, name: string, config: Config): Promise<void> {
	const file = inPlace(name);
	await readable(file);
	const running: Running = {};
	onSignals(running);
	const wire = new Wire();
	const tap = { tap: () => wire.connection() };
	const { own } = await chooseBroker({ ...options, newBroker: true }, config, say, undefined, tap);
	if (!own) return;
	running.broker = own;
	const stopped = new AbortController();
	running.stopped = stopped;
	const around = { own, wire, tls: undefined, replay: name };
	if (options.page) running.desk = await openDesk(options, { ...config, broker: own.url }, around);
	const publish = ({ topic, payload, QoS: qos, retain }: Recorded) =>
		own.publish({ topic, payload, qos, retain });
	const { speed = 1 } = options;
	const subscriber = options.page
		? "the page is open, or a client has subscribed"
		: "a client has subscribed";
	say(`${name} is played once ${subscriber}`);
	await new Promise<void>(done => {
		own.onSubscribe = done;
	});
	const { played, skipped } = await replay({ file, speed, publish, signal: stopped.signal });
	say(`played ${played} messages${skipped ? `, left out ${skipped} lines that are none` : ""}; Ctrl-C ends`);
}

/** Takes the folder of the board's state. */
function taken(data: string): void {
	try {
		lock(data);
	} catch (error) {
		throw new Wrong([`${(error as Error).message}; give this one another --id or --data`]);
	}
}

interface Around {
	readonly own: Broker | undefined;
	readonly wire: Wire;
	readonly tls: Credentials | undefined;
	readonly recorder?: Recorder | undefined;
	readonly replay?: string;
}

/** The page and what is behind it, joined to the broker that the board uses: the first, of several. */
async function openDesk(
	{ host = standardHost, pagePort: port = standardPagePort }: Options,
	{ broker: named, raw, description }: Config,
	{ own, wire, tls, recorder, replay }: Around,
): Promise<Desk> {
	const first = (typeof named === "string" ? named : named?.[0]) ?? own?.url ?? "";
	const address = parseAddress(first);
	if (!address)
		throw new Wrong([`broker: expected mqtt://HOST[:PORT] or mqtts://HOST[:PORT], found "${first}"`]);
	const { user, password } = raw as { readonly user?: string; readonly password?: string };
	const account = { ...(user !== undefined && { user }), ...(password !== undefined && { password }) };
	const desk = new Desk(
		{
			host,
			port,
			address: { ...account, ...address, ...(tls && { tls }) },
			name: publicAddress(address),
			own,
			root: description.root,
			lamp: description.lamp?.pin,
			...(recorder && { recorder }),
			...(replay !== undefined && { replay }),
		},
		wire,
	);
	try {
		await desk.open();
	} catch (error) {
		throw new Wrong([`--page-port ${port}: no page can be served there: ${(error as Error).message}`]);
	}
	say(`page at ${desk.url}`);
	return desk;
}

function record(file: string): Recorder {
	const recorder = new Recorder(file, error => end(1, [`--record ${file}: ${error.message}`]));
	say(`recording to ${file}`);
	return recorder;
}

function usable(engine: Engine): Engine {
	if (engine === "node") return engine;
	const found = available();
	if ("path" in found) return engine;
	say(`${found.reason}; running in Node`);
	return "node";
}

/** The device, with a line for each message on its wires that is asked for, and each change of its pins. */
function watching({ log }: Options): (device: NodeDevice) => Device {
	return device => {
		if (!log || log.includes("commands")) device.pins.watch(sayPin);
		const connection = logging(
			line => console.log(stamp(line)),
			topic => !log || log.includes(kindOf(topic)),
		);
		return onSockets(device, io => tapped(io, connection));
	};
}

/** The line to paste into another terminal. */
function sayHow(broker: Config["broker"], filter: string): void {
	const [first] = typeof broker === "string" ? [broker] : (broker ?? []);
	const address = first === undefined ? undefined : parseAddress(first);
	if (!address || address.secure) return;
	const user = address.user === undefined ? "" : ` -u ${address.user} -P …`;
	say(`in another terminal: npx mqtt sub -v -h ${address.host} -p ${address.port}${user} -t '${filter}'`);
}

function sayPin({ pin, duty }: PinState): void {
	const state = duty === 0 ? "off" : duty === 1 ? "on" : `${Math.round(duty * 100)} %`;
	say(`pin ${typeof pin === "object" ? JSON.stringify(pin) : pin}: ${state}`);
}

function onSignals(running: Running): void {
	let asked: number | undefined;
	const stop = () => {
		const now = performance.now();
		if (asked === undefined) {
			asked = now;
			setTimeout(end, patience, 0);
			goodbye(running).then(() => end(0));
		} else if (now - asked > echo) end(130);
	};
	for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(signal, stop);
	// The reader of the log is gone (`npm start | head`).
	process.stdout.on("error", stop);
	// npm that is killed cannot hand on anything; without it this process would not be ended.
	const parent = process.ppid;
	if (process.env.npm_lifecycle_event !== "start") return;
	const watching = setInterval(() => {
		if (process.ppid === parent) return;
		clearInterval(watching);
		stop();
	}, watch).unref();
}

async function goodbye({ fleet, broker, cloud, desk, recorder, stopped }: Running): Promise<void> {
	stopped?.abort();
	await fleet?.close();
	await desk?.close();
	await recorder?.close();
	await broker?.close();
	await cloud?.close();
}

function end(code: number, lines: readonly string[] = []): never {
	for (const line of lines) console.error(line);
	process.exit(code);
}

const options = parse(process.argv.slice(2), {
	out: text => process.stdout.write(text),
	error: text => process.stderr.write(text),
});
if (typeof options === "number") end(options);
start(options).catch((error: unknown) => {
	if (error instanceof Wrong) end(2, error.lines);
	end(1, [(error as Error).stack ?? String(error)]);
});
