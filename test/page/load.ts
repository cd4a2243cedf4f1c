/**
 * A hundred boards at ten messages a second each, and what the page does with them in ten seconds, frame by frame: canvases
 * drawn, processor time of its main thread, and how far frames are apart on the clock. The first does not depend on the
 * machine, the second hardly on what else runs there, the third on both. Used by a test and by `npm run frames`.
 */

import mqtt from "mqtt";
import type { CDPSession, Page as Tab } from "playwright-core";
import { open } from "./browser.js";
import { openDesk } from "./desk.js";

export const BOARDS = 100;
/** Milliseconds between two messages of a board. */
export const TURN = 100;
/** Milliseconds that are watched. */
const WATCHED = 10_000;

export interface Load {
	readonly frames: number;
	/** Milliseconds between two frames on the clock, at most. */
	readonly longest: number;
	/** Milliseconds of processor time that the longest task of the page's main thread took, and all of them. */
	readonly task: number;
	readonly tasks: number;
	/** Canvases drawn within one frame, at most. */
	readonly drawn: number;
	/** Canvases that were drawn although they could not be seen. */
	readonly unseen: number;
	/** Canvases that can be seen. */
	readonly seen: number;
	/** Bytes. */
	readonly heap: { readonly before: number; readonly after: number };
	/** Elements of the document. */
	readonly elements: number;
	/** The last message of each board has been shown. */
	readonly arrived: boolean;
}

/** Run in the page: as text, for what compiles this file adds names that the page does not have. */
const watching = `{
	const watch = { frames: 0, longest: 0, drawn: 0, unseen: 0 };
	globalThis.watch = watch;
	const { prototype } = CanvasRenderingContext2D;
	const { stroke } = prototype;
	let count = 0;
	prototype.stroke = function () {
		count++;
		const { top, bottom } = this.canvas.getBoundingClientRect();
		if (bottom < 0 || top > innerHeight) watch.unseen++;
		stroke.call(this);
	};
	let last = performance.now();
	requestAnimationFrame(function frame(now) {
		watch.frames++;
		watch.longest = Math.max(watch.longest, now - last);
		watch.drawn = Math.max(watch.drawn, count);
		count = 0;
		last = now;
		requestAnimationFrame(frame);
	});
}`;
const seen = `[...document.querySelectorAll("canvas.spark")].filter(canvas => {
	const { top, bottom } = canvas.getBoundingClientRect();
	return bottom >= 0 && top <= innerHeight;
}).length`;

export async function load(): Promise<Load> {
	const desk = await openDesk();
	let sending: NodeJS.Timeout | undefined;
	let client: mqtt.MqttClient | undefined;
	try {
		client = await mqtt.connectAsync(desk.broker.url, { protocolVersion: 4 });
		const say = (board: number, topic: string, payload: string, retain = false) =>
			client?.publish(`factory/1/machine/load-${board}/${topic}`, payload, { retain });
		const every = (topic: string, payload: string, retain = false) => {
			for (let i = 1; i <= BOARDS; i++) say(i, topic, payload, retain);
		};
		every("status", "online", true);
		every("lamp/state", '{"state":"OFF","brightness":255,"src":"power-on"}', true);
		const opened = await open(`${desk.page.url}#/boards`, { width: 2560, height: 1440 });
		const { tab } = opened;
		await tab.getByText(`${BOARDS} boards, ${BOARDS} online`).waitFor();
		let seq = 0;
		sending = setInterval(() => {
			seq++;
			const value = 20 + Math.sin(seq / 20) * 5;
			every("measurements/temp", JSON.stringify({ v: value, ts: Date.now(), tsq: "ntp", seq }));
		}, TURN);
		await tab.locator(".sensor").first().waitFor();
		await tab.waitForTimeout(2000);
		await tab.evaluate(watching);
		const debug = await tab.context().newCDPSession(tab);
		const before = await heap(tab);
		const times = await taskTimes(debug, () => tab.waitForTimeout(WATCHED));
		const watch = (await tab.evaluate("watch")) as Pick<Load, "frames" | "longest" | "drawn" | "unseen">;
		const after = await heap(tab);
		clearInterval(sending);
		const visible = (await tab.evaluate(seen)) as number;
		say(BOARDS, "alerts/end/state", '{"state":"ON"}');
		await tab.getByLabel("Search boards").fill(`load-${BOARDS}`);
		const arrived = await tab
			.getByText("end ON")
			.waitFor()
			.then(() => true);
		const elements = await tab.locator("*").count();
		await opened.close();
		return {
			...watch,
			task: Math.max(0, ...times),
			tasks: times.reduce((sum, time) => sum + time, 0),
			seen: visible,
			heap: { before, after },
			elements,
			arrived,
		};
	} finally {
		clearInterval(sending);
		await client?.endAsync(true);
		await desk.close();
	}
}

function heap(tab: Tab): Promise<number> {
	return tab.evaluate("performance.memory.usedJSHeapSize");
}

interface TraceEvent {
	readonly name: string;
	readonly ph: string;
	readonly pid: number;
	readonly tid: number;
	/** Microseconds of processor time. */
	readonly tdur?: number;
	readonly args: { readonly name?: string };
}

/** Milliseconds of processor time of each task that the page's main thread runs meanwhile. */
async function taskTimes(debug: CDPSession, meanwhile: () => Promise<void>): Promise<number[]> {
	const events: TraceEvent[] = [];
	debug.on("Tracing.dataCollected", ({ value }) => events.push(...(value as unknown as TraceEvent[])));
	const complete = new Promise<void>(done => debug.once("Tracing.tracingComplete", () => done()));
	const traceConfig = { includedCategories: ["toplevel"], recordMode: "recordAsMuchAsPossible" as const };
	await debug.send("Tracing.start", { transferMode: "ReportEvents", traceConfig });
	await meanwhile();
	await debug.send("Tracing.end");
	await complete;
	const main = events.filter(({ name, args }) => name === "thread_name" && args.name === "CrRendererMain");
	// Of several pages the one that works.
	const all = main.map(({ pid, tid }) =>
		events
			.filter(one => one.pid === pid && one.tid === tid && one.ph === "X" && /RunTask$/.test(one.name))
			.map(({ tdur = 0 }) => tdur / 1000),
	);
	return all.sort((a, b) => b.length - a.length)[0] ?? [];
}
