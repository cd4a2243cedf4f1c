/**
 * Applies the conformance suites to a host under mocha. The runner carries one case to where the host's device lives
 * (the same process, or the XS worker) and brings its outcome back.
 */

import { suites } from "./all.js";
import type { Outcome, World } from "./suite.js";
import { openWorld } from "./world.js";

/** Runs `suites[suite].cases[index]` on a fresh device. */
export type Runner = (suite: number, index: number, world: World) => Promise<Outcome>;

/** `loop`: pins the host has wired together for the Digital cases. */
export function apply(host: string, runner: Runner, loop?: World["loop"]): void {
	describe(`host ${host}: ECMA-419 conformance`, () => {
		let world: Awaited<ReturnType<typeof openWorld>>;
		before(async () => {
			world = await openWorld(loop);
		});
		after(() => world.close());

		suites.forEach((suite, s) => {
			describe(suite.title, () => {
				suite.cases.forEach((item, index) => {
					it(item.title, async function () {
						const outcome = await runner(s, index, world);
						if (outcome.status === "skipped") {
							this.runnable().title += ` (skipped: ${outcome.reason})`;
							this.skip();
						}
						if (outcome.status === "failed") throw new Error(outcome.reason);
					});
				});
			});
		});
	});
}
