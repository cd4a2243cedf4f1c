/** The firmware, and what it leaves of the memory, each second in its log. */

import board from "glowworm";
import { memory } from "memory";
import Timer from "timer";

export default function (device) {
	board(device);
	Timer.repeat(() => trace(`memory: ${memory()}\n`), 1000);
}
