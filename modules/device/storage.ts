/**
 * Where this board keeps what must survive a power cut: alerts on their way, and its memory. Both are in the flash
 * partition `journal` if there is one that can be used; else memory is the key-value store, and alerts are in RAM, which
 * `info` says. Never throws, and never formats foreign bytes: a person has to (store/SPEC.md).
 * Each record of the memory has room that alerts leave free. Its owner says how much; the list of owners is here.
 */

import type { Outbox } from "../session/io.js";
import { Queue } from "../session/queue.js";
import { Found } from "../store/mount.js";
import Store from "../store/store.js";
import { begunRoom } from "./commands/command.js";
import { forgetRoom } from "./commands/decommission.js";
import { type Description, faultName, storageFault } from "./description/description.js";
import { settingsRoom } from "./description/settings.js";
import type { Feature } from "./feature.js";
import type { Device, KeyValueDomain } from "./io.js";
import { bootRoom, type Room } from "./memory.js";
import { roomOf as outputRoom } from "./outputs/newest.js";
import { roomOf as retainedRoom } from "./retained/cleanup.js";
import { roomOf as alertRoom } from "./sensors/alert.js";
import { timeRoom } from "./time.js";
import topics from "./topics.js";

export interface Storage {
	readonly outbox: Outbox;
	readonly memory: KeyValueDomain | undefined;
	/** The flash that both are in; absent where alerts are in RAM. */
	readonly store?: Store;
	/** `flash`, or `ram` and why: for `info`. */
	readonly kind: string;
	/** Erased when it was opened: this board never kept anything here. A journal that is empty is not fresh. */
	readonly fresh: boolean;
	/** Each record that is read is the last that was written. */
	readonly whole: boolean;
	/** Bytes of RAM that alerts may take here. */
	readonly ram: number;
}

const PARTITION = "journal";

/** `ram`: bytes that alerts may take where there is no flash. */
export const openStorage = (
	device: Device,
	description: Description,
	features: readonly Feature[] = [],
	ram = 16_384,
): Storage => {
	let why = "no flash";
	try {
		const partition = device.flash?.open({ path: PARTITION, mode: "r+" });
		if (partition) {
			const store = new Store({ partition, promised: roomFor(description, features) });
			const { outbox, state } = store;
			if (outbox && state) {
				const lacking = state.lacking;
				if (lacking)
					device.trace?.(`storage: ${lacking} bytes too small to remember all while alerts fill the rest`);
				const { found, whole } = store;
				return { outbox, memory: state, store, kind: "flash", fresh: found === Found.blank, whole, ram: 0 };
			}
			why = store.description;
			store.close();
		}
	} catch (error) {
		why = error instanceof Error ? error.message : `${error}`;
	}
	device.trace?.(`storage: alerts are kept in RAM (${why})`);
	// There may have been flash before, with other counts: this is not a fresh board.
	const kind = `ram: ${why}`;
	return {
		outbox: new Queue({ byteLength: ram }),
		memory: keyValue(device),
		kind,
		fresh: false,
		whole: true,
		ram,
	};
};

/** What flash holds stays. */
export const closeStorage = ({ outbox, memory, store }: Storage): void => {
	outbox.close();
	memory?.close();
	store?.close();
};

/** By key, the bytes of the longest record that a board of this description keeps. */
export const roomFor = (
	description: Description,
	features: readonly Feature[] = [],
): ReadonlyMap<string, number> => {
	const { sensors, alerts, actuators, lamp } = description;
	const base = topics.base(description.root, description.id);
	// At once into the map: a list of a hundred pairs takes 5 KB more while the board is made.
	const rooms = new Map([bootRoom, timeRoom, begunRoom, forgetRoom, settingsRoom]);
	const add = ([key, byteLength]: Room) => rooms.set(key, byteLength);
	const retained = (name: string) => add(retainedRoom(base, name));
	const addOutput = (name: string) => {
		add(outputRoom(name));
		retained(topics.outputState(name));
	};
	const addAlert = (name: string) => {
		add(alertRoom(name));
		retained(topics.alertState(name));
	};
	retained(topics.info);
	actuators.forEach(({ name }) => addOutput(name));
	if (lamp) addOutput("lamp");
	alerts.forEach(({ name }) => addAlert(name));
	sensors.forEach(({ name }) => addAlert(faultName(name)));
	addAlert(storageFault);
	features.forEach(feature => feature.rooms(description).forEach(add));
	return rooms;
};

const keyValue = (device: Device): KeyValueDomain | undefined => {
	try {
		return device.keyValue.open({ path: "glowworm", mode: "r+", format: "string" });
	} catch (error) {
		device.trace?.(`storage: nothing will be remembered (${error})`);
		return undefined;
	}
};
