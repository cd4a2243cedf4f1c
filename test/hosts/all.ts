/**
 * Every conformance suite, in the order in which one reads them. A host's test and a bundle for XS both start here.
 */

import analog from "./analog.conformance.js";
import client from "./client.conformance.js";
import clock from "./clock.conformance.js";
import digital from "./digital.conformance.js";
import flash from "./flash.conformance.js";
import keyvalue from "./keyvalue.conformance.js";
import pwm from "./pwm.conformance.js";
import resolver from "./resolver.conformance.js";
import sensor from "./sensor.conformance.js";
import type { Suite } from "./suite.js";
import tcp from "./tcp.conformance.js";
import timer from "./timer.conformance.js";
import tls from "./tls.conformance.js";

export const suites: readonly Suite[] = [
	timer,
	clock,
	tcp,
	tls,
	resolver,
	client,
	digital,
	pwm,
	analog,
	keyvalue,
	flash,
	sensor,
];
