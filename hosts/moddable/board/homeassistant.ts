/** `glowworm/homeassistant` for programs on Moddable: the feature that a lean board names, `features: [homeAssistant]`. */

export { default } from "modules/device/homeassistant/homeassistant";
