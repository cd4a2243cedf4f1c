/** Home Assistant's templates, as far as a device document uses them: Jinja, by nunjucks, with `tojson`. */

import nunjucks from "nunjucks";

const engine = new nunjucks.Environment(null, { autoescape: false, throwOnUndefined: true });
engine.addFilter("tojson", (value: unknown) => JSON.stringify(value));

/** What a `value_template` makes of a payload. Throws for a value that the payload lacks. */
export function rendered(template: string, payload: string): string {
	let json: unknown;
	try {
		json = JSON.parse(payload);
	} catch {
		// `value_json` is only there for JSON.
	}
	return engine.renderString(template, { value: payload, value_json: json });
}

/** What a `command_template` makes of a value. */
export function commandOf(template: string, value: number | string): string {
	return engine.renderString(template, { value });
}

/** Why it is no template. */
export function wrong(template: string): string | undefined {
	try {
		nunjucks.compile(template, engine).render({ value: 0, value_json: {} });
	} catch (error) {
		// Values are not there yet; only its form is looked at.
		if (!/undefined/.test(String(error))) return String(error);
	}
	return undefined;
}
