/**
 * Ends a test run that something keeps alive: a connection, a timer or a program that a test, mostly a failed one, left
 * open. Mocha itself waits for them for ever, and so would a CI job. Such a run fails, and says what is open.
 */

const PATIENCE = 30_000;

export const mochaHooks = {
	afterAll() {
		// Unreferenced: a run that leaves nothing open is over before.
		setTimeout(() => {
			const open = process.getActiveResourcesInfo().join(", ");
			process.stderr.write(
				`The tests are over since ${PATIENCE / 1000} s, and this is still open: ${open}\n`,
			);
			// After mocha's own handler, which sets the number of failures.
			process.once("exit", () => {
				process.exitCode ||= 1;
			});
			process.exit();
		}, PATIENCE).unref();
	},
};
