/** `glowworm/session` for programs on Moddable: the session that stays connected and delivers (modules/session). */

export type * from "modules/session/options";
export { default, Outcome, Reason, Report, type SessionLike } from "modules/session/session";
