/**
 * The firmware as a library, and its first program, with every feature there is: `board` makes a board of a host's `device`
 * (modules/device/start.ts); the default export is `board` itself, which each host calls with its device. It is known as `glowworm` (README.md) to
 * programs for Moddable (hosts/moddable/board) and for Node (package.json). hosts/moddable/board/lean.ts is the same without features.
 */

import aws from "./modules/device/aws/aws.js";
import homeAssistant from "./modules/device/homeassistant/homeassistant.js";
import start, { type Board, type BoardOptions, type Device, type Feature } from "./modules/device/start.js";

export type * from "./modules/device/start.js";

/** Those that a board has where a program names none. */
export const features: readonly Feature[] = Object.freeze([homeAssistant, aws]);

/**
 * Starts a board of the host's device: it samples, switches and connects from then on. Mistakes in its description are traced, line by
 * line with key, expected and found, and make no board: then the result is `undefined`. Throws nothing.
 */
export const board = (device: Device, options: BoardOptions = {}): Board | undefined =>
	start(device, { features, ...options });

export default board;
