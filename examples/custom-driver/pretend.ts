/** A chip of numbers for hosts without a bus: the registers of an MCP9808 whose temperature goes up and down. */

import type { Bus } from "./mcp9808.js";

export default class Pretend implements Bus {
	private count = 0;

	readUint16(register: number): number {
		if (register === 6) return 0x0054;
		if (register === 7) return 0x0400;
		const sixteenths = Math.round(16 * (20 + 15 * Math.sin(this.count++ / 10)));
		return sixteenths & 0x1fff;
	}
	writeUint16(): void {}
	close(): void {}
}
