/**
 * What the desk and its page say to each other on `/desk`, as JSON, one object a WebSocket message. Types only; both ends
 * import them. All that MQTT can say goes over `/mqtt` instead.
 */

/** From the desk. */
export type FromDesk = Hello | State | AccountMessage | WireMessage | Step | Failure;

/** The first message. */
export interface Hello {
	readonly type: "hello";
	/** Without anything secret. */
	readonly broker: string;
	/** The desk runs the broker: its faults can be had, and its wire has all clients; else that is the desk's boards alone. */
	readonly own: boolean;
	/** False for a reader without the token. */
	readonly write: boolean;
	/** What is played instead of what is, if so. */
	readonly replay?: string;
}

/** The virtual boards and the broker, as they are now. */
export interface State {
	readonly type: "state";
	readonly boards: readonly VirtualBoard[];
	/** Absent for a broker elsewhere. */
	readonly broker?: { readonly running: boolean; readonly refusing: boolean };
}

export interface VirtualBoard {
	/** `<root>/<id>`. */
	readonly base: string;
	readonly engine: string;
	readonly power: boolean;
	readonly cut: boolean;
	/** Milliseconds each way. */
	readonly delay: number;
}

/** Alerts by what became of them. */
export interface Account {
	readonly raised: number;
	/** In the board's outbox. */
	readonly held: number;
	/** Arrived at the desk's own subscriber. */
	readonly delivered: number;
	/** A later one was delivered, and it is neither held nor delivered. */
	readonly lost: number;
	/** Delivered again, with the same id. */
	readonly repeated: number;
}

export interface AccountMessage {
	readonly type: "account";
	readonly total: Account;
	/** By `<root>/<id>`. */
	readonly boards: { readonly [base: string]: Account };
}

/** One packet between the broker and a client of it. */
export interface WireLine {
	readonly number: number;
	/** Milliseconds since 1970. */
	readonly at: number;
	/** The client id. */
	readonly client: string;
	/** In to the broker, or out of it. */
	readonly direction: "in" | "out";
	/** `PUBLISH`, `PUBACK` … */
	readonly packet: string;
	readonly bytes: number;
	readonly id?: number;
	readonly topic?: string;
	readonly text?: string;
	readonly QoS?: number;
	readonly duplicate?: boolean;
	readonly retain?: boolean;
	/** The number of the line that this packet answers. */
	readonly answers?: number;
}

export interface WireMessage {
	readonly type: "wire";
	readonly lines: readonly WireLine[];
	/** Lines that were left out, as there are too many. */
	readonly skipped: number;
}

/** A request to an output went one step further. */
export interface Step {
	readonly type: "step";
	readonly base: string;
	readonly output: string;
	readonly step: "stored" | "done";
}

/** What was asked for could not be done. */
export interface Failure {
	readonly type: "failure";
	readonly reason: string;
}

/** From the page; of one that may not write only `watch` is heard. */
export type ToDesk =
	| { readonly type: "watch"; readonly wire: boolean }
	| {
			readonly type: "board";
			readonly base: string;
			readonly power?: boolean;
			readonly cut?: boolean;
			readonly delay?: number;
	  }
	| { readonly type: "add"; readonly count: number }
	| { readonly type: "remove"; readonly base: string }
	| {
			readonly type: "broker";
			readonly running?: boolean;
			readonly refusing?: boolean;
			readonly forget?: true;
	  };
