/** The name of the project that runs in the simulator (project.c), so that each has a folder of its own for what it keeps. */

/** The SDK's way to a C function. */
declare const native: (name: string) => (this: unknown) => string | undefined;

/** Undefined where the SDK's makefile takes no flags of a manifest (Windows). */
export function project(this: unknown): string | undefined {
	return native("xs_glowworm_project").call(this);
}
