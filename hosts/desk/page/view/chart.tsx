/**
 * Curves: a small one beside a value, drawn on a canvas at most ten times a second, and a large one by uPlot with a
 * threshold line and a window of time. Colours come from the style sheet.
 */

import { type Signal, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import type { Board } from "../model/boards.js";
import type { Series } from "../model/series.js";
import { clock } from "./format.js";
import { useChanges } from "./seen.js";

/** Milliseconds that the small one shows, at most and at least. */
const SHORT = 120_000;
const SHORTEST = 20_000;

const probe = document.createElement("span");
const colours = new Map<string, string>();
let read = 0;

/** What a variable of the style sheet stands for, in the scheme of now: looked up once a second. */
function colour(name: string): string {
	const now = performance.now();
	if (now - read > 1000) {
		colours.clear();
		read = now;
	}
	let found = colours.get(name);
	if (found === undefined) {
		if (!probe.isConnected) document.body.append(probe);
		probe.style.color = `var(${name})`;
		found = getComputedStyle(probe).color;
		colours.set(name, found);
	}
	return found;
}

/** Each small one's size, as the browser tells it: to ask would have it laid out anew each time. */
const sizes = new Map<
	Element,
	{ readonly width: number; readonly height: number; readonly draw: () => void }
>();
let observer: ResizeObserver | undefined;

function observe(canvas: HTMLCanvasElement, draw: () => void): () => void {
	observer ??= new ResizeObserver(entries => {
		for (const { target, contentRect } of entries) {
			const known = sizes.get(target);
			if (!known) continue;
			sizes.set(target, { width: contentRect.width, height: contentRect.height, draw: known.draw });
			known.draw();
		}
	});
	sizes.set(canvas, { width: 0, height: 0, draw });
	observer.observe(canvas);
	return () => {
		observer?.unobserve(canvas);
		sizes.delete(canvas);
	};
}

export function Spark({ board, series }: { readonly board: Board; readonly series: Series }) {
	const canvas = useRef<HTMLCanvasElement>(null);
	const version = useChanges(board);
	useEffect(() => {
		const target = canvas.current;
		return target ? observe(target, () => draw(target, series)) : undefined;
	}, [series]);
	// In the frame that tells of the change: what is drawn in one has a bound (model/beat.ts).
	useLayoutEffect(() => {
		if (canvas.current) draw(canvas.current, series);
	}, [series, version]);
	return <canvas class="spark" ref={canvas} aria-hidden="true" />;
}

function draw(canvas: HTMLCanvasElement, series: Series): void {
	const size = sizes.get(canvas);
	if (!size?.width) return;
	const now = Date.now();
	const shown = Math.min(SHORT, Math.max(SHORTEST, now - series.first));
	// No more points than pixels.
	const { times, values } = series.curve(now - shown, now + 1000, shown / size.width);
	const ratio = devicePixelRatio;
	const width = Math.round(size.width * ratio);
	const height = Math.round(size.height * ratio);
	if (canvas.width !== width || canvas.height !== height) {
		canvas.width = width;
		canvas.height = height;
	}
	const context = canvas.getContext("2d");
	if (!context) return;
	context.clearRect(0, 0, width, height);
	let low = Number.POSITIVE_INFINITY;
	let high = Number.NEGATIVE_INFINITY;
	for (const value of values) {
		if (value === null) continue;
		if (value < low) low = value;
		if (value > high) high = value;
	}
	if (low > high) return;
	const span = high - low;
	// A steady value is a line in the middle.
	const share = (value: number) => (span ? (value - low) / span : 0.5);
	const x = (time: number) => width - ((now - time * 1000) / shown) * width;
	const y = (value: number) => height - ratio * 2 - share(value) * (height - ratio * 4);
	context.beginPath();
	let pen = false;
	for (let i = 0; i < times.length; i++) {
		const value = values[i];
		if (value === null || value === undefined) {
			pen = false;
			continue;
		}
		const at = x(times[i] as number);
		if (pen) context.lineTo(at, y(value));
		else context.moveTo(at, y(value));
		pen = true;
	}
	context.strokeStyle = colour("--curve");
	context.lineWidth = 1.5 * ratio;
	context.lineJoin = "round";
	context.stroke();
}

const windows = [
	["10 min", 600_000],
	["1 h", 3_600_000],
	["24 h", 86_400_000],
] as const;

export interface Threshold {
	readonly value: number;
	readonly text: string;
}

interface ChartProps {
	/** Grows when there is something new to draw. */
	readonly version: Signal<number>;
	readonly series: Series;
	readonly label: string;
	readonly unit: string;
	readonly thresholds: readonly Threshold[];
}

export function Chart({ version: changed, series, label, unit, thresholds }: ChartProps) {
	const span = useSignal<number>(windows[0][1]);
	const place = useRef<HTMLDivElement>(null);
	const plot = useRef<uPlot | undefined>(undefined);
	const version = changed.value;
	const lines = useRef(thresholds);
	lines.current = thresholds;
	useEffect(() => {
		const target = place.current;
		if (!target) return;
		const made = makePlot(target, unit, () => lines.current);
		plot.current = made;
		const resize = new ResizeObserver(() => made.setSize({ width: target.clientWidth, height: HEIGHT }));
		resize.observe(target);
		return () => {
			resize.disconnect();
			made.destroy();
		};
	}, [unit]);
	/** There is less than what was chosen. */
	const young = useSignal(false);
	const seconds = Math.floor(Date.now() / 1000);
	useEffect(() => {
		const now = Date.now();
		const points = place.current?.clientWidth || 1;
		const curve = series.curve(now - span.value, now + 1000, span.value / points);
		const { times, values, minima, maxima } = curve;
		plot.current?.setData([times, values, minima, maxima] as uPlot.AlignedData, false);
		young.value = (times[0] ?? now / 1000) > (now - span.value) / 1000 + 1;
		// No wider than what there is, so that a young curve is not a line at the edge.
		const first = Math.min(...times.slice(0, 1), (now - SHORTEST_WINDOW) / 1000);
		plot.current?.setScale("x", { min: Math.max(first, (now - span.value) / 1000), max: now / 1000 });
	}, [series, version, seconds, span.value, span, young]);
	return (
		<figure class="chart">
			<figcaption>
				<span class="name">{label}</span>
				<span class="choice" role="group" aria-label={`Time shown of ${label}`}>
					{windows.map(([text, length]) => (
						<button
							key={text}
							type="button"
							aria-pressed={span.value === length}
							onClick={() => {
								span.value = length;
							}}
						>
							{text}
						</button>
					))}
				</span>
				{young.value && <small class="more">since the page was opened</small>}
			</figcaption>
			<div class="plot" ref={place} role="img" aria-label={`Chart of ${label}`} />
		</figure>
	);
}

const HEIGHT = 180;
/** Milliseconds. */
const SHORTEST_WINDOW = 60_000;

function makePlot(target: HTMLElement, unit: string, thresholds: () => readonly Threshold[]): uPlot {
	const axis = {
		stroke: () => colour("--dim"),
		grid: { stroke: () => colour("--line"), width: 1 },
		ticks: { stroke: () => colour("--line"), width: 1 },
		font: "12px system-ui, sans-serif",
	};
	const range = (_: uPlot, low: number | null, high: number | null): [number, number] => {
		const all = thresholds().map(({ value }) => value);
		if (low === null || high === null)
			return all.length ? [Math.min(...all) - 1, Math.max(...all) + 1] : [0, 1];
		const [bottom, top] = [Math.min(low, ...all), Math.max(high, ...all)];
		// Around a steady value enough for its labels to differ in what can be read.
		const room = top > bottom ? (top - bottom) * 0.08 : Math.max(1, Math.abs(top) * 0.02);
		return [bottom - room, top + room];
	};
	return new uPlot(
		{
			width: target.clientWidth,
			height: HEIGHT,
			legend: { show: false },
			cursor: { y: false, drag: { x: false, y: false } },
			scales: { x: { time: true }, y: { range } },
			axes: [
				{ ...axis, space: 70, values: (_, splits) => times(splits) },
				{ ...axis, size: wide, values: (_, splits) => splits.map(value => `${value}`) },
			],
			series: [
				{},
				{ label: unit, stroke: () => colour("--curve"), width: 2, points: { show: false } },
				{ stroke: "transparent", points: { show: false } },
				{ stroke: "transparent", points: { show: false } },
			],
			bands: [{ series: [3, 2], fill: () => colour("--band") }],
			hooks: { draw: [plot => lines(plot, thresholds())] },
		},
		[[], [], [], []],
		target,
	);
}

/** Pixels for the longest label, with its tick. */
function wide(_: uPlot, labels: string[] | null): number {
	return Math.max(56, 24 + 7 * Math.max(0, ...(labels ?? []).map(({ length }) => length)));
}

/** The time of day of each, with seconds where it is one within a minute. */
function times(splits: readonly number[]): string[] {
	const fine = splits.some(at => at % 60 !== 0);
	return splits.map(at => (fine ? clock(at * 1000) : clock(at * 1000).slice(0, 5)));
}

function lines(plot: uPlot, thresholds: readonly Threshold[]): void {
	const { ctx, bbox } = plot;
	ctx.save();
	ctx.strokeStyle = ctx.fillStyle = colour("--alert");
	ctx.lineWidth = devicePixelRatio;
	ctx.textAlign = "left";
	ctx.textBaseline = "alphabetic";
	ctx.setLineDash([6 * devicePixelRatio, 4 * devicePixelRatio]);
	ctx.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
	for (const { value, text } of thresholds) {
		const y = plot.valToPos(value, "y", true);
		if (y < bbox.top || y > bbox.top + bbox.height) continue;
		ctx.beginPath();
		ctx.moveTo(bbox.left, y);
		ctx.lineTo(bbox.left + bbox.width, y);
		ctx.stroke();
		ctx.fillText(text, bbox.left + 6 * devicePixelRatio, y - 4 * devicePixelRatio);
	}
	ctx.restore();
}
