/** Functions with known costs, for xs.test.ts to measure in the engine. */

export function add(a: number, b: number): number {
	return a + b;
}

export function fail(): never {
	throw new RangeError("as it was told to");
}

export function nothing(): () => void {
	return () => {};
}

/** Makes an object with so many properties: a slot for each and one for itself. */
export function properties(count: number): () => void {
	let kept: object;
	return () => {
		kept = count === 1 ? { a: 0 } : { a: 0, b: 0 };
		void kept;
	};
}

export function buffers(byteLength: number): () => void {
	return () => {
		new ArrayBuffer(byteLength);
	};
}
