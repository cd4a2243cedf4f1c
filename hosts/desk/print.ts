/** For programs that print and end: their reader may go before, as `head` does. */

/** From here on what has no reader is not printed, and the program goes on to its own end and exit code. */
export function readerMayGo(): void {
	process.stdout.on("error", (error: NodeJS.ErrnoException) => {
		if (error.code !== "EPIPE") throw error;
	});
}
