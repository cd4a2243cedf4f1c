/**
 * Provisioning templates as AWS has them in JSON, as far as a device needs: parameters with defaults, `Ref` and `Fn::Join`, one thing, one
 * certificate, policies by name, and a device configuration. What else a template says is refused when it is used.
 * https://docs.aws.amazon.com/iot/latest/developerguide/provision-template.html
 */

type Text = string | { readonly Ref: string } | { readonly "Fn::Join": readonly [string, readonly Text[]] };

export interface Template {
	readonly Parameters?: { readonly [name: string]: { readonly Type: "String"; readonly Default?: string } };
	readonly Resources: {
		readonly [name: string]: {
			readonly Type: "AWS::IoT::Thing" | "AWS::IoT::Certificate" | "AWS::IoT::Policy";
			readonly Properties: {
				readonly ThingName?: Text;
				readonly AttributePayload?: { readonly [name: string]: Text };
				readonly CertificateId?: Text;
				readonly Status?: string;
				readonly PolicyName?: Text;
			};
		};
	};
	readonly DeviceConfiguration?: { readonly [name: string]: Text };
}

/** Throws where a parameter is missing, or the template has no thing. */
export function evaluate(
	{ Parameters = {}, Resources, DeviceConfiguration = {} }: Template,
	given: { readonly [name: string]: string },
	certificateId: string,
) {
	const text = (value: Text): string => {
		if (typeof value === "string") return value;
		if ("Fn::Join" in value) return value["Fn::Join"][1].map(text).join(value["Fn::Join"][0]);
		const { Ref } = value;
		if (Ref === "AWS::IoT::Certificate::Id") return certificateId;
		const found = given[Ref] ?? Parameters[Ref]?.Default;
		if (found === undefined || !Object.hasOwn(Parameters, Ref)) throw new Error(`no parameter ${Ref}`);
		return found;
	};
	const texts = (values: { readonly [name: string]: Text }) =>
		Object.fromEntries(Object.entries(values).map(([name, value]) => [name, text(value)]));
	for (const name of Object.keys(Parameters)) text({ Ref: name });
	const those = (type: string) =>
		Object.values(Resources).flatMap(({ Type, Properties }) =>
			Type === `AWS::IoT::${type}` ? [Properties] : [],
		);
	const [thing] = those("Thing");
	const [certificate] = those("Certificate");
	if (thing?.ThingName === undefined) throw new Error("the template has no thing with a ThingName");
	return {
		thingName: text(thing.ThingName),
		attributes: texts(thing.AttributePayload ?? {}),
		policies: those("Policy").flatMap(({ PolicyName }) =>
			PolicyName === undefined ? [] : [text(PolicyName)],
		),
		status: /^inactive$/i.test(certificate?.Status ?? "") ? ("INACTIVE" as const) : ("ACTIVE" as const),
		deviceConfiguration: texts(DeviceConfiguration),
	};
}
