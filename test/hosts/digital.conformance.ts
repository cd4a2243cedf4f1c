import type { Suite } from "./suite.js";

const suite: Suite = { title: "digital", cases: [] };
export default suite;
