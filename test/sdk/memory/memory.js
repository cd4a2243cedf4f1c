/** What memory.c knows, for the firmware's log. */

export function memory() {
	return native("xs_memory").call(this);
}
export function used() {
	return native("xs_memory_used").call(this);
}
