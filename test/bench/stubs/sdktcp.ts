/** The SDK's `embedded:io/socket/tcp`, for the TCP adapter of a board. */
export { SDKSocket as default } from "../world.js";
