/** Moddable's `websocket`, which the SDK's mqtt.js imports and does not use here. */
export class Client {}
