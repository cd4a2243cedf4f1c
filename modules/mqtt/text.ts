/**
 * Text: UTF-8 to and from bytes, and which texts are topic names and topic filters (MQTT 3.1.1 §1.5.3, §4.7).
 * XS on the device has `ArrayBuffer.fromString` and `String.fromArrayBuffer`; Node and the XS of the desk have TextEncoder
 * and TextDecoder. No other file in `modules/` names any of the four. Does not measure texts, and does not match filters
 * against names: a client has no use for it.
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

// Looked up once: a global costs 150 instructions each time, and each sample is encoded.
const Bytes = Uint8Array;
const Buffer = ArrayBuffer as unknown as XSArrayBuffer;

/** The UTF-8 bytes of `text`, in a new buffer. `fromString` is called on its class, because XS takes the constructor from `this`. */
export const encode: (text: string) => Uint8Array = encoder
	? encoder.encode.bind(encoder)
	: value => new Bytes(Buffer.fromString(value));

/** The text of `bytes`. Throws where they are not UTF-8 [MQTT-1.5.3-1]. */
export const decode: (bytes: Uint8Array) => string = decoder
	? decoder.decode.bind(decoder)
	: bytes =>
			(String as unknown as XSString).fromArrayBuffer(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/**
 * The text of `size` bytes of `buffer` from `start` on, which `view` shows. XS's own function takes the numbers, for the getters
 * of a view cost it more than the decoding; others take the view. Throws where they are not UTF-8; XS lets some pass: see parser.ts.
 */
export const decodeAt: (buffer: ArrayBufferLike, start: number, size: number, view: Uint8Array) => string =
	decoder
		? (_buffer, _start, _size, view) => decoder.decode(view)
		: (String as unknown as XSString).fromArrayBuffer;

// Each once: a preloaded module copies a literal of a function at each use.
const PLUS = "+";
const HASH = "#";
const NUL = "\0";

// Arrow functions: a function declaration has a prototype object, which is 48 bytes of flash.

/** Whether a message may be published to this name [MQTT-3.3.2-2] [MQTT-4.7.1-1] [MQTT-4.7.3-1] [MQTT-4.7.3-2]. */
export const isTopicName = (name: string): boolean =>
	name !== "" && !name.includes(PLUS) && !name.includes(HASH) && !name.includes(NUL);

/** Whether this filter may be subscribed to: a wildcard is alone in its level [MQTT-4.7.1-3], `#` in the last level only [MQTT-4.7.1-2]. */
export const isTopicFilter = (name: string): boolean => {
	const values = name.split("/");
	if (values[values.length - 1] === "#") values.pop();
	return name !== "" && values.every(value => value === "" || value === "+" || isTopicName(value));
};
