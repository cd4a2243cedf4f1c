/**
 * The states of a session and every legal way from one to another, as data. Each state but Online and Closed
 * has a deadline; what each row's odd member is for stands beside it. Holds no state itself.
 */

export const State = Object.freeze({
	/** The host said that there is no network; a try is made at the deadline all the same. */
	Network: 0,
	/** Back-off between two tries. */
	Waiting: 1,
	/** Name, TCP, TLS, CONNECT: until CONNACK. */
	Connecting: 2,
	/** Until each SUBSCRIBE has its SUBACK. */
	Subscribing: 3,
	Online: 4,
	/** `offline` and DISCONNECT are on their way. */
	Closing: 5,
	Closed: 6,
});
export type State = (typeof State)[keyof typeof State];

const to = (...states: readonly State[]) => states.reduce((mask: number, state) => mask | (1 << state), 0);

const { Network, Waiting, Connecting, Subscribing, Online, Closing, Closed } = State;

const transitions: readonly number[] = Object.freeze([
	/* Network */ to(Waiting, Connecting, Closed),
	/* Waiting */ to(Waiting, Connecting, Network, Closed), // Waiting: a network that flaps moves the moment.
	/* Connecting */ to(Subscribing, Online, Waiting, Network, Closed), // Online: nothing to subscribe to.
	/* Subscribing */ to(Online, Waiting, Network, Closed),
	/* Online */ to(Waiting, Network, Closing, Closed), // Closed: the farewell did not fit in, the will speaks.
	/* Closing */ to(Closed),
	/* Closed */ 0,
]);

export function legal(from: State, next: State): boolean {
	return ((transitions[from] as number) & (1 << next)) !== 0;
}
