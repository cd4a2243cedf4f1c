/**
 * Flash (ECMA-419 §28 and Annex A) with the semantics of NOR that the journal builds on, on partition "journal".
 */

import type { FlashPartition } from "../../modules/store/flash.js";
import type { Case, Suite, Trial } from "./suite.js";

const path = "journal";

function item(title: string, run: (trial: Trial, partition: FlashPartition) => void): Case {
	return {
		title,
		run(trial) {
			const { flash } = trial.device;
			if (!flash) return trial.skip("this host has no flash");
			const partition = trial.keep(flash.open({ path }));
			partition.eraseBlock(0, partition.status().blocks);
			run(trial, partition);
		},
	};
}
const zeros = (n: number) => new Uint8Array(n);

const suite: Suite = {
	title: "Flash",
	cases: [
		item("the host names its partitions, and opens no other (§28)", trial => {
			const flash = trial.device.flash as NonNullable<typeof trial.device.flash>;
			trial.ok([...flash].includes(path), `no "${path}" among ${[...flash]}`);
			trial.throws(() => flash.open({ path: "nonsense" }));
			trial.throws(() => flash.open({} as { path: string }));
			trial.done();
		}),
		item("status describes the partition (§28)", (trial, partition) => {
			const { size, blockLength, blocks, eraseValue, writeAlign } = partition.status();
			trial.equal(blocks * blockLength, size, "blocks × blockLength");
			trial.ok(blocks >= 4, `${blocks} blocks are too few for a journal`);
			trial.equal(eraseValue, 0xff);
			trial.ok(Number.isInteger(writeAlign) && writeAlign >= 1, `writeAlign ${writeAlign}`);
			trial.done();
		}),
		item("after an erase each byte is 0xFF (§28)", (trial, partition) => {
			const bytes = new Uint8Array(partition.read(partition.status().size, 0));
			trial.equal(bytes.byteLength, partition.status().size);
			trial.equal(
				bytes.findIndex(byte => byte !== 0xff),
				-1,
				"first byte that is not erased",
			);
			trial.done();
		}),
		item(
			"what is written is read, across a block's border and from another instance (§28)",
			(trial, partition) => {
				const { blockLength, writeAlign } = partition.status();
				const bytes = Uint8Array.from({ length: writeAlign * 4 }, (_, i) => i + 1);
				const offset = blockLength - 2 * writeAlign;
				partition.write(bytes, offset);
				const flash = trial.device.flash as NonNullable<typeof trial.device.flash>;
				partition.close();
				const again = trial.keep(flash.open({ path, mode: "r" }));
				trial.bytes(again.read(bytes.byteLength, offset), [...bytes]);
				trial.done();
			},
		),
		item("a write clears bits and sets none (NOR)", (trial, partition) => {
			const { writeAlign } = partition.status();
			partition.write(zeros(writeAlign).fill(0b1010_1111), 0);
			partition.write(zeros(writeAlign).fill(0b1100_0101), 0);
			trial.bytes(partition.read(1, 0), [0b1000_0101]);
			trial.done();
		}),
		item(
			"eraseBlock erases one block, or from the first up to the last, which stays (Annex A)",
			(trial, partition) => {
				const { blockLength, writeAlign } = partition.status();
				const written = () =>
					[0, 1, 2, 3].map(block => new Uint8Array(partition.read(1, block * blockLength))[0]).join();
				for (let block = 0; block < 4; block++) partition.write(zeros(writeAlign), block * blockLength);
				trial.equal(written(), "0,0,0,0");
				partition.eraseBlock(1);
				trial.equal(written(), "0,255,0,0");
				partition.eraseBlock(2, 4);
				trial.equal(written(), "0,255,255,255");
				trial.done();
			},
		),
		item(
			"read(buffer) fills what there is and gives the count, cut off at the end (§9)",
			(trial, partition) => {
				const { size } = partition.status();
				const target = zeros(10);
				trial.equal(partition.read(target.subarray(2, 5), 0), 3);
				trial.bytes(target, [0, 0, 255, 255, 255, 0, 0, 0, 0, 0]);
				trial.equal(partition.read(target, size - 4), 4);
				trial.equal(partition.read(100, size - 4).byteLength, 4);
				trial.done();
			},
		),
		item("what lies outside the partition is refused and changes nothing (Annex A)", (trial, partition) => {
			const { size, blocks, writeAlign } = partition.status();
			trial.throws(() => partition.write(zeros(2 * writeAlign), size - writeAlign), "write over the end");
			trial.throws(() => partition.write(zeros(writeAlign), -writeAlign), "write before the start");
			trial.throws(() => partition.read(1, size), "read at the end");
			trial.throws(() => partition.read(1, -1), "read before the start");
			trial.throws(() => partition.eraseBlock(-1), "erase before the start");
			trial.throws(() => partition.eraseBlock(blocks), "erase over the end");
			trial.throws(() => partition.eraseBlock(0, blocks + 1), "erase up to over the end");
			trial.bytes(partition.read(writeAlign, size - writeAlign), [...zeros(writeAlign).fill(255)]);
			trial.done();
		}),
		item("a write off the alignment is refused, where there is one (§28)", (trial, partition) => {
			const { writeAlign } = partition.status();
			if (writeAlign === 1) return trial.skip("this flash writes single bytes");
			trial.throws(() => partition.write(zeros(writeAlign), 1));
			trial.throws(() => partition.write(zeros(writeAlign + 1), 0));
			trial.done();
		}),
		item("a partition opened for reading refuses write and erase (§28)", (trial, partition) => {
			partition.close();
			const flash = trial.device.flash as NonNullable<typeof trial.device.flash>;
			const reader = trial.keep(flash.open({ path, mode: "r" }));
			trial.throws(() => reader.write(zeros(reader.status().writeAlign), 0));
			trial.throws(() => reader.eraseBlock(0));
			trial.bytes(reader.read(1, 0), [255]);
			trial.done();
		}),
		item("close may be repeated, and every other method then throws (§8)", (trial, partition) => {
			partition.close();
			partition.close();
			trial.throws(() => partition.status());
			trial.throws(() => partition.read(1, 0));
			trial.throws(() => partition.write(zeros(4), 0));
			trial.throws(() => partition.eraseBlock(0));
			trial.done();
		}),
	],
};

export default suite;
