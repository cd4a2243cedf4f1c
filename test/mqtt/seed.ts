/**
 * Seeds of the property tests: the same on every run unless SEED is set, so that a red run is red again.
 * fast-check prints the seed, the path and the smallest counterexample of a failure itself.
 */

export const SEED = Number(process.env.SEED ?? 419);

/** Parameters of `fc.assert` for so many runs. */
export function settings(numRuns: number) {
	return { seed: SEED, numRuns };
}
