/**
 * Calls a program's `main` with the host's device (ECMA-419 §30), as each host does; the SDK by itself calls it with nothing. A
 * program that only evaluates its modules has no `main` to call. JavaScript, because the program may be.
 */

import * as program from "main";

export default function () {
	const { device } = globalThis;
	const made = program.default?.(device);
	// A host that shows what it runs (simulator/panel.ts).
	device?.begun?.(made);
}
