import type { Suite } from "./suite.js";

const suite: Suite = { title: "pwm", cases: [] };
export default suite;
