/**
 * UTF-8, wrapped once: XS on the device has `ArrayBuffer.fromString` and `String.fromArrayBuffer`, Node and
 * the XS of the desk have TextEncoder and TextDecoder. Nothing else in `modules/` may name any of the four.
 * Does not look for U+0000, which UTF-8 allows and MQTT does not [MQTT-1.5.3-2]; see topic.ts.
 */

interface XSArrayBuffer {
	readonly fromString?: (text: string) => ArrayBuffer;
}
interface XSString {
	readonly fromArrayBuffer?: (buffer: ArrayBufferLike, byteOffset: number, byteLength: number) => string;
}
interface Encoder {
	encode(text: string): Uint8Array;
}
interface Decoder {
	decode(bytes: Uint8Array): string;
}
interface Encoding {
	readonly TextEncoder: new () => Encoder;
	readonly TextDecoder: new (label: string, options: { fatal: boolean; ignoreBOM: boolean }) => Decoder;
}

// Kept whole: XS constructs its result from `this`, so `fromString` must be called on its class.
const buffers = ArrayBuffer as XSArrayBuffer;
const fromArrayBuffer = (String as XSString).fromArrayBuffer;
const encoder = buffers.fromString ? undefined : new (globalThis as unknown as Encoding).TextEncoder();
// `ignoreBOM` keeps U+FEFF in the text, as [MQTT-1.5.3-3] demands.
const decoder = fromArrayBuffer
	? undefined
	: new (globalThis as unknown as Encoding).TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The UTF-8 bytes of `text`, in a buffer of their own. */
export function encode(text: string): Uint8Array {
	return buffers.fromString ? new Uint8Array(buffers.fromString(text)) : (encoder as Encoder).encode(text);
}

/** The text of `bytes`. Throws where they are not UTF-8 [MQTT-1.5.3-1]. */
export const decode: (bytes: Uint8Array) => string = fromArrayBuffer
	? bytes => fromArrayBuffer(bytes.buffer, bytes.byteOffset, bytes.byteLength)
	: (decoder as Decoder).decode.bind(decoder as Decoder);
