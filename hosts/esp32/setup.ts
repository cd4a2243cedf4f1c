/**
 * Runs before main: puts the host's device where main.ts looks for it. Known to the SDK as `setup/device`, so that a
 * relative import would start from there.
 */

import { createDevice } from "hosts/esp32/device";

export default function (done: () => void): void {
	(globalThis as unknown as { device: object }).device = createDevice();
	done();
}
