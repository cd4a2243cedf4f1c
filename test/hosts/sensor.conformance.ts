import type { Suite } from "./suite.js";

const suite: Suite = { title: "sensor", cases: [] };
export default suite;
