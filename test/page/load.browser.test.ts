/**
 * A hundred boards at ten messages a second each, a normal day: nothing is left behind, what a frame draws has a bound, and
 * neither memory nor the document grow without end. How far frames are apart on the clock is `npm run frames`.
 */

import assert from "node:assert/strict";
import { MOST } from "../../hosts/desk/page/model/beat.js";
import { closeBrowser, missing } from "./browser.js";
import { BOARDS, load, TURN } from "./load.js";

/** Milliseconds of processor time in one frame. */
const FRAME = 100;

describe(`a hundred boards on the page${missing ? ` – pending: ${missing}` : ""}`, function () {
	this.timeout(60_000);
	before(function () {
		if (missing) this.skip();
	});
	after(closeBrowser);

	it(`take ${1000 / TURN} messages a second each without a stutter`, async () => {
		const { frames, task, drawn, unseen, seen, heap, elements, arrived } = await load();
		console.log(
			`      ${frames} frames in 10 s, at most ${drawn} of ${seen} curves in one; longest task ${task.toFixed(1)} ms of processor; heap ${(heap.before / 1e6).toFixed(1)} to ${(heap.after / 1e6).toFixed(1)} MB`,
		);
		assert.ok(seen > 2 * MOST && seen < BOARDS, `${seen} curves to be seen`);
		// A frame that comes late may draw what two have told.
		assert.ok(drawn <= 2 * MOST, `${drawn} curves in one frame`);
		assert.equal(unseen, 0, "curves drawn that could not be seen");
		assert.ok(task <= FRAME, `a task of ${task} ms`);
		assert.ok(heap.after < heap.before + 60e6 && heap.after < 200e6, `heap ${JSON.stringify(heap)}`);
		assert.ok(arrived);
		assert.ok(elements < 8000, `${elements} elements`);
	});
});
