/**
 * What the helpers of tests have open: clients, brokers, programs. A test closes what it opened; what a failed one did not is
 * closed when the run ends, or it would keep mocha alive. Of the programs under test/ that are no tests, nothing is kept.
 */

interface Open {
	close(): Promise<void>;
}

const all = new Set<Open>();

export function opened(one: Open): void {
	all.add(one);
}
export function closed(one: Open): void {
	all.delete(one);
}

// Where the first test file imports this, it is a hook of the whole run.
if (typeof after === "function") after(() => Promise.all([...all].map(one => one.close())));
