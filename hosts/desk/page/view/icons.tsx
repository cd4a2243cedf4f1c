/** The page's few signs, drawn here: 24 by 24, in the colour of the text around them. */

const paths = {
	boards: "M4 5h7v6H4zM13 5h7v6h-7zM4 13h7v6H4zM13 13h7v6h-7z",
	client: "M4 6h16v10H9l-5 4z M8 10h8 M8 13h5",
	topics: "M5 5h6 M5 5v14 M5 12h6 M5 19h6 M14 5h5 M14 12h5 M14 19h5",
	wire: "M3 9h14l-3-3 M21 15H7l3 3",
	faults: "M13 3 5 14h6l-1 7 8-11h-6z",
	light:
		"M12 4V2 M12 22v-2 M4 12H2 M22 12h-2 M6 6 5 5 M19 19l-1-1 M6 18l-1 1 M19 5l-1 1 M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8z",
	back: "M14 6l-6 6 6 6",
	pause: "M8 5v14 M16 5v14",
	play: "M7 5l11 7-11 7z",
	trash: "M5 7h14 M10 7V4h4v3 M7 7l1 13h8l1-13",
	save: "M12 4v11 M7 11l5 5 5-5 M5 20h14",
	close: "M6 6l12 12 M18 6 6 18",
	add: "M12 5v14 M5 12h14",
	open: "M8 6l6 6-6 6",
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { readonly name: IconName }) {
	return (
		<svg class="icon" viewBox="0 0 24 24" aria-hidden="true" focusable="false">
			<path d={paths[name]} />
		</svg>
	);
}
