/** A key of the chip and the request for its certificate. In an image only with what is AWS's (request.json). */

import { CertificateRequest } from "../moddable/request.js";
import { key } from "./key.js";

/** By `io.CertificateRequest`. */
export default class ChipRequest extends CertificateRequest {
	protected override make(): ArrayBuffer | undefined {
		return key.call(undefined);
	}
}
