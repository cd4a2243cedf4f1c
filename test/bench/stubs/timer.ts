/** Moddable's `timer`, for the SDK's clients. */
export { clock as default } from "../clock.js";
