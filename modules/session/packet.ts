/**
 * The control packet types that a session knows, MQTT 3.1.1 table 2.1; the numbers of ECMA-419 §25's `operation`.
 * Values only: a client class has them as static properties, but a session knows its class by the instance alone.
 */

export const CONNACK = 2;
export const PUBACK = 4;
export const PUBREC = 5;
export const PUBREL = 6;
export const PUBCOMP = 7;
export const SUBSCRIBE = 8;
export const SUBACK = 9;
export const DISCONNECT = 14;
