import type { Suite } from "./suite.js";

const suite: Suite = { title: "resolver", cases: [] };
export default suite;
