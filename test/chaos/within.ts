/** Every wait of the harness has an end: a promise that is late becomes an error that says what was waited for. */

/** Rejects when `promise` is not settled after `patience` milliseconds. */
export async function within<T>(patience: number, what: string, promise: Promise<T>): Promise<T> {
	let timeout: NodeJS.Timeout | undefined;
	const late = new Promise<never>((_, reject) => {
		timeout = setTimeout(() => reject(new Error(`${what}: not after ${patience} ms`)), patience);
	});
	try {
		return await Promise.race([promise, late]);
	} finally {
		clearTimeout(timeout);
	}
}
