/**
 * A lamp whose board goes from one broker to another and back, over a real session and scripted clients: two brokers that know
 * nothing of each other, each with a queue for the board. What the first kept comes before the session is online again.
 */

import assert from "node:assert/strict";
import { Reason } from "../../../modules/session/outcomes.js";
import Session from "../../../modules/session/session.js";
import { clients, type ScriptedClient } from "../../session/client.js";
import { World } from "../stage.js";

/** A board, and a way to have it at one of its brokers. */
function stage() {
	const world = new World();
	const { io, made } = clients();
	const none = { io: class {} as never };
	const client = { io, socket: none, dns: none, timer: world.clock, ticks: world.clock };
	const brokers = ["a", "b"].map(host => ({ host, port: 1883 }));
	world.connect = options =>
		new Session(Object.assign(options, { client, brokers, random: () => 0.5, deadlines: { hear: 0 } }));
	world.start({ lamp: { pin: 2 } });
	/** The next try at `host`; those at the other broker fail, and so does the connection that stands. */
	function to(host: string): ScriptedClient {
		const before = made.length;
		const last = made.at(-1);
		if (last && !last.closed) last.fail(Reason.disconnected);
		for (let tries = 0, seen = before; tries < 5000; tries++) {
			world.clock.advance(100);
			for (; seen < made.length; seen++) {
				const found = made[seen] as ScriptedClient;
				if (found.options.host === host) return found;
				found.fail(Reason.unresolved);
			}
		}
		throw new Error(`no try at ${host}`);
	}
	function settle(at: ScriptedClient): void {
		at.grant();
		for (let turn = 0; turn < 50; turn++) {
			at.acknowledge();
			world.clock.advance(100);
		}
	}
	return { world, to, settle };
}
const message = (id: number) => ({ QoS: 1, id });

describe("a lamp whose board goes to another broker and comes back", () => {
	it("does not do what the first one kept over what came through the other, and does what is live", () => {
		const { world, to, settle } = stage();
		const first = to("a");
		first.accept(true);
		settle(first);
		const other = to("b");
		other.accept(true);
		settle(other);
		other.deliver("r/b/lamp/set", "ON", message(1));
		other.deliver("r/b/lamp/set", "OFF", message(2));
		world.clock.advance(100);
		assert.deepEqual(world.pins.get(2), [0, 1, 0]);
		const again = to("a");
		again.accept(true);
		again.deliver("r/b/lamp/set", '{"state":"ON"}', message(3));
		settle(again);
		assert.deepEqual(world.pins.get(2), [0, 1, 0]);
		again.deliver("r/b/lamp/set", '{"state":"ON"}', message(4));
		assert.deepEqual(world.pins.get(2), [0, 1, 0, 1]);
	});
});
