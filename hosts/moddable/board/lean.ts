/**
 * `glowworm` without any feature, for an image that is to have none in it (lean.json): what a program wants of
 * them it includes and names, as `features: [homeAssistant]`.
 */

export type * from "modules/device/start";
export { default, default as board } from "modules/device/start";
