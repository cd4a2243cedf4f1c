/**
 * UTF-8, wrapped once: XS on the device has `ArrayBuffer.fromString` and `String.fromArrayBuffer`, Node and
 * the XS of the desk have TextEncoder and TextDecoder. Nothing else in `modules/` may name any of the four.
 * Does not look for U+0000, which UTF-8 allows and MQTT does not [MQTT-1.5.3-2]; see topic.ts.
 */

interface XSArrayBuffer {
	readonly fromString: (text: string) => ArrayBuffer;
}
interface XSString {
	readonly fromArrayBuffer: (buffer: ArrayBufferLike, byteOffset: number, byteLength: number) => string;
}
interface Desk {
	readonly TextEncoder: new () => { encode(text: string): Uint8Array };
	readonly TextDecoder: new (
		label: string,
		options: { fatal: boolean; ignoreBOM: boolean },
	) => { decode(bytes: Uint8Array): string };
}

const global = "fromString" in ArrayBuffer ? undefined : (globalThis as unknown as Desk);
const encoder = global && new global.TextEncoder();
// `ignoreBOM` keeps U+FEFF in the text, as [MQTT-1.5.3-3] demands.
const decoder = global && new global.TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** The UTF-8 bytes of `text`, in a buffer of their own. XS constructs it from `this`: `fromString` is called on its class. */
export const encode: (text: string) => Uint8Array = encoder
	? encoder.encode.bind(encoder)
	: value => new Uint8Array((ArrayBuffer as unknown as XSArrayBuffer).fromString(value));

/** The text of `bytes`. Throws where they are not UTF-8 [MQTT-1.5.3-1]. */
export const decode: (bytes: Uint8Array) => string = decoder
	? decoder.decode.bind(decoder)
	: bytes =>
			(String as unknown as XSString).fromArrayBuffer(bytes.buffer, bytes.byteOffset, bytes.byteLength);
