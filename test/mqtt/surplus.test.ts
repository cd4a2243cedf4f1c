/** A socket that has more to read than it announced, since more has arrived in between: in XS over Node, on the ESP32. */

import assert from "node:assert/strict";
import Scene, { broker } from "./scene.js";

describe("receive: more bytes than were announced", () => {
	const stream = Buffer.concat(
		[true, false, true, true].map((dup, index) =>
			broker.publish(`a/${index}`, `payload ${index}`, { qos: index === 3 ? 2 : 1, id: index + 1, dup }),
		),
	);

	it("delivers and acknowledges each message once, also where the announced length is wrong", () => {
		const whole = new Scene().connected();
		whole.line.send(stream);
		for (let announced = 1; announced < stream.length; announced++) {
			const scene = new Scene().connected();
			scene.line.send(stream, announced);
			// What the client has left lying comes with the next announcement.
			if (scene.line.unread) scene.line.send([]);
			assert.deepEqual(scene.story, whole.story, `${announced} of ${stream.length} announced`);
			assert.deepEqual(scene.sent, whole.sent, `${announced} of ${stream.length} announced`);
			scene.close();
			scene.check();
		}
	});
});
