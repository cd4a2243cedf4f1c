/** The firmware, and each second in its log what it leaves of the memory or, after a collection, what it uses. */

import board from "glowworm";
import config from "mc/config";
import { memory, used } from "memory";
import Timer from "timer";

export default function (device) {
	board(device);
	const say = config.used ? () => trace(`used: ${used()}\n`) : () => trace(`memory: ${memory()}\n`);
	Timer.repeat(say, 1000);
}
