/** The first program of the library: a board of what the host's description says, and nothing of one's own. */

export { default } from "glowworm";
