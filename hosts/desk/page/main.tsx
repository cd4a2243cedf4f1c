/**
 * The desk page: a top line that says how things are, a rail of views, and the one that is open. Everything it shows of
 * boards comes over MQTT, by the firmware's own client; what only the desk knows comes beside it (desk.ts).
 */

import "./page.css";
import { render } from "preact";
import { open } from "./desk.js";
import { begin } from "./model/beat.js";
import { link } from "./store.js";
import { App } from "./view/app.js";

begin();
open();
link.connect();
render(<App />, document.body);
