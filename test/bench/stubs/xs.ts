/**
 * What the SDK's clients take from XS's own additions to JavaScript, and the engine of the desk has not. On a device
 * these are C; here each costs one more function call.
 */

export function install(): void {
	const encoder = new TextEncoder();
	const decoder = new TextDecoder();

	Object.assign(ArrayBuffer, {
		// Of just its length: the encoder's own buffer may be longer.
		fromString: (text: string) => {
			const bytes = encoder.encode(text);
			return bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer;
		},
	});
	Object.assign(String, {
		fromArrayBuffer: (buffer: ArrayBuffer) => decoder.decode(new Uint8Array(buffer)),
	});
	Object.assign(globalThis, { trace: () => {} });
}
