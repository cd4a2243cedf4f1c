/** A process of its own with a worker, which a test interrupts as a terminal does: with its whole process group. */

import { Worker } from "../../hosts/xs/worker.js";

const worker = new Worker();
const forever = setInterval(() => {}, 1000);
process.once("SIGINT", () => {
	clearInterval(forever);
	worker
		.evaluate("0")
		.then(
			() => "alive",
			(error: Error) => error.message,
		)
		.then(line => {
			console.log(line);
			return worker.close();
		});
});
worker.evaluate("0").then(() => console.log("ready"));
