import type { Suite } from "./suite.js";

const suite: Suite = { title: "clock", cases: [] };
export default suite;
