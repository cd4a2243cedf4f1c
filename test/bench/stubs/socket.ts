/** Moddable's `socket`, which the SDK's mqtt.js imports; here it is given its socket's class. */
export class Socket {}
