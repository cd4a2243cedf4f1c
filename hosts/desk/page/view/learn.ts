/**
 * Units and what may be changed are in no retained topic: a board that is seen, and online, is asked for its
 * configuration, once, and a few boards a second. A reader without the token asks no board.
 */

import type { Board } from "../model/boards.js";
import { command, connection, writable } from "../store.js";

const EVERY = 60;
const queue: Board[] = [];
let running = false;

export function learn(board: Board): void {
	if (board.asked || board.config || !board.online || !writable()) return;
	if (connection.value.state !== "online") return;
	board.asked = true;
	queue.push(board);
	if (!running) next();
}

function next(): void {
	const board = queue.shift();
	running = board !== undefined;
	if (!board) return;
	if (!board.config && board.online) {
		command(board, { cmd: "config" });
		// Uptime is only in an answer of now: the retained one is of whenever it connected.
		if (board.informed === undefined) command(board, { cmd: "info" });
	}
	setTimeout(next, EVERY);
}
