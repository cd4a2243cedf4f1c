/** The account of alerts, the faults of a link, and what the desk hears on `/desk`: without a browser and without boards. */

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Accounts } from "../../hosts/desk/account.js";
import { held } from "../../hosts/desk/held.js";
import { LinkFault } from "../../hosts/desk/link.js";
import { read } from "../../hosts/desk/web/channel.js";
import { FlashStore } from "../../hosts/node/flash.js";
import type { Device } from "../../modules/device/io.js";
import type { TCP, TCPClass, TCPOptions } from "../../modules/mqtt/io.js";
import Store from "../../modules/store/store.js";

describe("the account of alerts", () => {
	let folder: string;
	let flash: FlashStore;
	let store: Store;
	const hold = (id: string) =>
		store.outbox?.append("a/alerts/x", new TextEncoder().encode(JSON.stringify({ id })));
	beforeEach(() => {
		folder = mkdtempSync(join(tmpdir(), "glowworm-account-"));
		flash = new FlashStore(folder);
		store = new Store({ partition: flash.open({ path: "journal" }) });
	});
	afterEach(() => {
		store.close();
		flash.close();
		rmSync(folder, { recursive: true, force: true });
	});
	const open = () => {
		const accounts = new Accounts();
		accounts.add("a", folder);
		return accounts;
	};
	const sums = (accounts: Accounts, now = 0) => Object.values(accounts.all(now).total).join(" ");

	it("has raised, held, delivered, lost and repeated alerts, each once", () => {
		const accounts = open();
		for (const id of ["1-1", "1-2", "1-3"]) accounts.raised("a", id);
		accounts.delivered("a", "1-1", 0);
		accounts.delivered("a", "1-1", 0);
		assert.equal(sums(accounts), "3 2 1 0 1");
	});

	it("calls an alert lost when a later one came two seconds ago and the board's flash does not hold it", () => {
		const accounts = open();
		for (const id of ["1-1", "1-2"]) accounts.raised("a", id);
		accounts.delivered("a", "1-2", 500);
		assert.equal(sums(accounts, 1000), "2 1 1 0 0", "it may be on its way");
		assert.equal(sums(accounts, 3000), "2 0 1 1 0");
		accounts.delivered("a", "1-1", 4000);
		assert.equal(sums(accounts, 9000), "2 0 2 0 0", "late is not lost");
	});

	it("does not call one lost that the flash holds", () => {
		hold("1-1");
		assert.deepEqual([...held(folder)], ["1-1"]);
		const accounts = open();
		for (const id of ["1-1", "1-2"]) accounts.raised("a", id);
		accounts.delivered("a", "1-2", 500);
		assert.equal(sums(accounts, 3000), "2 1 1 0 0");
	});

	it("counts what a board elsewhere delivers, and what was raised before the desk was there", () => {
		const accounts = open();
		accounts.delivered("b", "7-1", 0);
		accounts.delivered("a", "1-9", 0);
		assert.equal(sums(accounts, 9000), "2 0 2 0 0");
	});

	it("reads nothing from a board that has never been on", () => {
		assert.equal(held(join(folder, "none")).size, 0);
	});
});

describe("a fault in a link", () => {
	class Fake implements TCP {
		format: "buffer" | "number" = "buffer";
		static all: Fake[] = [];
		readonly options: TCPOptions;
		readonly written: number[] = [];
		closed = false;
		constructor(options: TCPOptions) {
			this.options = options;
			Fake.all.push(this);
		}
		read(): never {
			return undefined as never;
		}
		write(data: Uint8Array): number {
			this.written.push(...data);
			return 100;
		}
		close(): void {
			this.closed = true;
		}
	}
	const through = (fault: LinkFault) => {
		Fake.all = [];
		const client = { socket: { io: Fake as unknown as TCPClass } };
		const device = { network: { mqtt: { client } } } as unknown as Device;
		return fault.in(device).network.mqtt.client.socket.io;
	};
	const options = { address: "127.0.0.1", port: 1 };

	it("that is not there hands everything on at once", () => {
		const Class = through(new LinkFault());
		const heard: number[] = [];
		const socket = new Class({
			...options,
			onReadable: count => heard.push(count),
			onWritable: count => heard.push(count),
		});
		const [under] = Fake.all as [Fake];
		under.options.onWritable?.call(under, 50);
		under.options.onReadable?.call(under, 7);
		assert.equal(socket.write(Uint8Array.of(1, 2)), 100);
		assert.deepEqual(under.written, [1, 2]);
		assert.deepEqual(heard, [50, 7]);
	});

	it("cuts connections that stand, and those made meanwhile, with one onError each", async () => {
		const fault = new LinkFault();
		const Class = through(fault);
		let errors = 0;
		const onError = () => void errors++;
		new Class({ ...options, onError });
		fault.cut = true;
		assert.equal(errors, 1);
		await new Promise<void>(done => new Class({ ...options, onError: () => done(onError()) }));
		assert.equal(errors, 2);
		assert.deepEqual(
			Fake.all.map(({ closed }) => closed),
			[true, true],
		);
		fault.cut = false;
		new Class({ ...options, onError });
		assert.equal(errors, 2);
	});

	it("slows both directions, keeps the order, and takes no more than there is room for", async () => {
		const fault = new LinkFault();
		const Class = through(fault);
		const room = new Promise<number>(done => {
			const socket = new Class({
				...options,
				onWritable: count => {
					assert.equal(count, 50);
					assert.equal(socket.write(Uint8Array.of(1, 2)), 48);
					assert.equal(socket.write(Uint8Array.of(3)), 47);
					assert.throws(() => socket.write(new Uint8Array(48)), /does not fit/);
				},
				onReadable: done,
			});
		});
		fault.delay = 5;
		const [under] = Fake.all as [Fake];
		under.options.onWritable?.call(under, 50);
		await new Promise(done => setTimeout(done, 20));
		under.options.onReadable?.call(under, 9);
		assert.equal(await room, 9);
		assert.deepEqual(under.written, [1, 2, 3]);
	});
});

describe("a request to the desk", () => {
	const good = [
		'{"type":"watch","wire":true}',
		'{"type":"board","base":"a/b","power":false}',
		'{"type":"board","base":"a/b","delay":500,"cut":true}',
		'{"type":"add","count":5}',
		'{"type":"remove","base":"a/b"}',
		'{"type":"broker","running":false}',
		'{"type":"broker","forget":true}',
	];
	for (const text of good) it(`is ${text}`, () => assert.deepEqual(read(text), JSON.parse(text)));
	const bad = [
		"",
		"null",
		"[]",
		"7",
		'{"type":"toString"}',
		'{"type":"__proto__"}',
		'{"type":"add"}',
		'{"type":"add","count":"5"}',
		'{"type":"add","count":-1}',
		'{"type":"add","count":1e9}',
		'{"type":"board"}',
		'{"type":"board","base":"a/b","power":1}',
		'{"type":"watch","wire":true,"more":1}',
		'{"type":"watch","wire":true,"constructor":1}',
		'{"type":"broker","forget":1}',
	];
	for (const text of bad) it(`is not ${text || "nothing"}`, () => assert.equal(read(text), undefined));
});
