/** `glowworm/aws` for programs on Moddable: the feature that a lean board names, `features: [aws]`. */

export { default } from "modules/device/aws/aws";
