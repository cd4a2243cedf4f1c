/** A long list of rows of one height: only those that can be seen are drawn. */

import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";

interface ListProps {
	readonly count: number;
	/** Pixels. */
	readonly rowHeight: number;
	readonly row: (index: number) => ComponentChildren;
	readonly label: string;
	/** Away from the top: what is new should wait. */
	readonly onScrolled?: (scrolled: boolean) => void;
}

const MORE = 6;

export function List({ count, rowHeight, row, label, onScrolled }: ListProps) {
	const place = useRef<HTMLDivElement>(null);
	const view = useSignal({ top: 0, height: 600 });
	useEffect(() => {
		const target = place.current;
		if (!target) return;
		const look = () => {
			view.value = { top: target.scrollTop, height: target.clientHeight };
			onScrolled?.(target.scrollTop > 4);
		};
		const observer = new ResizeObserver(look);
		observer.observe(target);
		target.addEventListener("scroll", look, { passive: true });
		return () => {
			observer.disconnect();
			target.removeEventListener("scroll", look);
		};
	}, [view, onScrolled]);
	const { top, height } = view.value;
	const first = Math.max(0, Math.floor(top / rowHeight) - MORE);
	const last = Math.min(count, Math.ceil((top + height) / rowHeight) + MORE);
	const rows = [];
	for (let index = first; index < last; index++) rows.push(row(index));
	return (
		<div class="list" ref={place} role="region" aria-label={label} tabIndex={0}>
			<div style={{ height: `${count * rowHeight}px` }}>
				<div style={{ transform: `translateY(${first * rowHeight}px)` }}>{rows}</div>
			</div>
		</div>
	);
}
