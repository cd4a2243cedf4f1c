import type { Suite } from "./suite.js";

const suite: Suite = { title: "timer", cases: [] };
export default suite;
