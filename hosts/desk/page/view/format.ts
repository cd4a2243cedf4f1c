/** Numbers, times and ages as a person reads them: of one width where they change in place. */

const two = (value: number) => String(value).padStart(2, "0");

/** `12:03:14`, and milliseconds if wanted. */
export function clock(at: number, milliseconds = false): string {
	const date = new Date(at);
	const time = `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`;
	return milliseconds ? `${time}.${String(date.getMilliseconds()).padStart(3, "0")}` : time;
}

/** Today's time of day, or the day with it. */
export function moment(at: number): string {
	const date = new Date(at);
	const today = date.toDateString() === new Date().toDateString();
	return today
		? clock(at)
		: `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ${clock(at)}`;
}

/** `4 s`, `3 min`, `2 h`, `5 d`. */
export function age(milliseconds: number): string {
	const seconds = Math.max(0, Math.floor(milliseconds / 1000));
	if (seconds < 100) return `${seconds} s`;
	if (seconds < 6000) return `${Math.floor(seconds / 60)} min`;
	if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`;
	return `${Math.floor(seconds / 86_400)} d`;
}

/** Up to five digits; what is shorter keeps its own. */
export function number(value: number): string {
	if (Number.isInteger(value)) return String(value);
	const size = Math.abs(value);
	return size >= 10_000 ? value.toFixed(0) : String(Number(value.toPrecision(5)));
}

/** `310 B`, `4.2 KB`, `10 MB`. */
export function bytes(count: number): string {
	if (count < 1000) return `${count} B`;
	if (count < 1_000_000) return `${number(Number((count / 1000).toPrecision(3)))} KB`;
	return `${number(Number((count / 1_000_000).toPrecision(3)))} MB`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
	return `${count} ${count === 1 ? one : many}`;
}
