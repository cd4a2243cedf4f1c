/** The types of `glowworm` for programs that have only a part of it. */

export type * from "../../../main.js";
