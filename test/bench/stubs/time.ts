/** Moddable's `time`, for the SDK's clients. */
export { clock as default } from "../clock.js";
