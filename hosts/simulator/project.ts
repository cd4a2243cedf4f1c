/** The name of the project that runs in the simulator (project.c), so that each has a folder of its own for what it keeps. */

/** The SDK's way to a C function. */
declare const native: (name: string) => (this: unknown) => string | undefined;

function path(this: unknown): string | undefined {
	return native("xs_glowworm_project").call(this);
}

/** `soil` of `…/bin/lin/mc/debug/soil/mc.so`; undefined where the system does not tell. */
export function project(): string | undefined {
	return path
		.call(undefined)
		?.split("/")
		.filter(part => !part.startsWith("mc."))
		.pop();
}
