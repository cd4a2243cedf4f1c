/** What C knows in the simulator (project.c): the project that runs, so that each has a folder of its own, and random numbers. */

/** The SDK's way to a C function. */
declare const native: (name: string) => (this: unknown) => unknown;

/** Its name. Undefined where the SDK's makefile takes no flags of a manifest (Windows). */
export function project(this: unknown): string | undefined {
	return native("xs_glowworm_project").call(this) as string | undefined;
}

/** Random bytes of the operating system; undefined where it has no /dev/urandom. */
export function seed(this: unknown): ArrayBuffer | undefined {
	return native("xs_glowworm_seed").call(this) as ArrayBuffer | undefined;
}
