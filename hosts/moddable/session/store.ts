/** `glowworm/store` for programs on Moddable: the flash journal, with the outbox and the state in it (modules/store). */

export { default } from "modules/store/store";
