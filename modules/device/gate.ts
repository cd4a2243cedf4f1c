/**
 * The gate in front of the session: a message that the broker would not take is stopped, counted, and reported with its topic.
 * Topics of this description, with their QoS and retain, were checked at the start (broker.ts) and are not looked at again, nor
 * are measurements: the length of a payload is a comparison that the session makes. Rates are met by waiting (session/deadline.ts).
 */

import { excess, type Limits } from "./broker.js";

export default class Gate {
	/** Messages that were stopped. */
	stopped = 0;
	readonly limits: Limits;
	private readonly report: (line: string) => void;
	/** The last line: what is stopped again and again is reported once. */
	private said = "";

	constructor(limits: Limits, report: (line: string) => void) {
		this.limits = limits;
		this.report = report;
	}
	/** The broker takes this topic, and this QoS. */
	passes(topic: string, QoS = 0): boolean {
		const qos = this.limits.qos;
		const why = QoS > qos ? `QoS ${QoS}, the broker takes ${qos}` : excess(topic, this.limits);
		if (why !== "") this.stop(topic, why);
		return why === "";
	}
	/** The broker may have retained something on this topic. */
	retains(topic: string): boolean {
		return this.limits.retain && this.passes(topic);
	}
	/** The broker takes a payload of this length. Asked for those that the session does not see whole. */
	fits(topic: string, byteLength: number): boolean {
		const fits = byteLength <= this.limits.maximumPayload;
		if (!fits) this.long(topic);
		return fits;
	}
	/** The session has refused a payload that is too long. */
	long(topic: string): void {
		this.stop(topic, `a payload of more than ${this.limits.maximumPayload} bytes`);
	}
	private stop(topic: string, why: string): void {
		this.stopped++;
		const line = `not published, the broker would not take it: ${topic}: ${why}`;
		if (line !== this.said) this.report(line);
		this.said = line;
	}
}
