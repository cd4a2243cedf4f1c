import type { Suite } from "./suite.js";

const suite: Suite = { title: "keyvalue", cases: [] };
export default suite;
