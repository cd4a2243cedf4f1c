import type { Suite } from "./suite.js";

const suite: Suite = { title: "flash", cases: [] };
export default suite;
