import type { Suite } from "./suite.js";

const suite: Suite = { title: "tcp", cases: [] };
export default suite;
