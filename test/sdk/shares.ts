/**
 * What each module takes of the flash: the slots, byte code and texts of mc.xs.c that can be reached from the module or from one of
 * its functions, and not from another's. Names of properties and variables belong to no module: XS keeps each once.
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";

interface Slot {
	readonly kind: string;
	readonly next: number;
	readonly references: readonly number[];
	/** Bytes, with the slot's own 16. */
	readonly bytes: number;
	/** The first number or text behind the references: a module's name, an array's length. */
	readonly rest: string;
}

/** Bytes by the name of a module; those of names are `names`, and of what no module owns `""`. */
export function sharesOf(folder: string): Map<string, number> {
	const source = readFileSync(join(folder, "mc.xs.c"), "latin1");
	const slots = slotsOf(source);
	const keys = [...table(source, "Keys").matchAll(/gxHeap\[(\d+)\]/g)].map(([, index]) => Number(index));
	const owners = new Map<number, string>();
	const modules = new Map<number, string>();
	for (const [index, { kind, next }] of slots) {
		const inner = kind === "INSTANCE" ? slots.get(next) : undefined;
		if (inner?.kind === "MODULE") modules.set(index, slots.get(keys[Number(inner.rest)] ?? 0)?.rest ?? "");
	}
	const waiting: number[] = [];
	const own = (index: number, owner: string): void => {
		const kind = slots.get(index)?.kind;
		if (!kind || kind === "KEY" || owners.has(index)) return;
		owners.set(index, owner);
		waiting.push(index);
	};
	for (const [index, { kind, next }] of slots) {
		const home = kind === "INSTANCE" ? slots.get(slots.get(next)?.next ?? 0) : undefined;
		// HOME: the object that the function is a method of, and its module.
		const module = home?.kind === "HOME" ? modules.get(home.references.at(-1) ?? 0) : undefined;
		if (module !== undefined) own(index, module);
	}
	for (const [index, name] of modules) own(index, name);
	for (const index of waiting) {
		const { kind, next, references, rest } = slots.get(index) as Slot;
		const owner = owners.get(index) as string;
		own(next, owner);
		// An export's closure belongs to the module that declares it.
		if (kind === "HOME" || (kind === "EXPORT" && modules.get(references[1] ?? 0) !== owner)) continue;
		for (const reference of references) own(reference, owner);
		const [items = 0] = references;
		if (kind === "ARRAY") for (let i = -1; i < Number(rest); i++) own(items + i, owner);
	}
	const shares = new Map<string, number>();
	for (const [index, { kind, bytes }] of slots) {
		const owner = kind === "KEY" ? "names" : (owners.get(index) ?? "");
		// A name has a place in a table too.
		shares.set(owner, (shares.get(owner) ?? 0) + bytes + (kind === "KEY" ? 4 : 0));
	}
	return shares;
}

function slotsOf(source: string): Map<number, Slot> {
	const slots = new Map<number, Slot>();
	for (const text of table(source, "Heap").split(/^\/\* (?=\d+ \*\/)/m)) {
		const [head = "", value = ""] = text.split(".value");
		const texts = [...value.matchAll(/"((?:[^"\\]|\\.)*)"/g)].map(([, inner = ""]) => inner);
		const length = texts.join("").replace(/\\x[0-9a-f]{2}|\\./g, "x").length;
		const references = [...value.matchAll(/gxHeap\[(\d+)\]/g)].map(([, index]) => Number(index));
		slots.set(Number.parseInt(head, 10), {
			kind: /kind = XS_(\w+?)(?:_X)?_KIND/.exec(head)?.[1] ?? "",
			next: Number(/\{ \(txSlot\*\)&gxHeap\[(\d+)\]/.exec(head)?.[1] ?? 0),
			references,
			bytes: 16 + (texts.length ? length + 1 : 0),
			rest: texts[0] ?? /, (\d+) \}/.exec(value)?.[1] ?? "",
		});
	}
	return slots;
}

function table(source: string, name: string): string {
	return (
		new RegExp(`static const txSlot\\*? ?(?:const )?gx${name}\\[\\w+\\][^=;]*= \\{([\\s\\S]*?)\\n\\};`).exec(
			source,
		)?.[1] ?? ""
	);
}
