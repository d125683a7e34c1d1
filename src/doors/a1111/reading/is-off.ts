import type { Json } from "#/api/json.ts";

/** Whether a switch of a script says no, in any way that A1111's reader takes for that. */
export const isOff = (value: Json | undefined): boolean =>
  value === false || value === 0 || (typeof value === "string" && /^(?:0|f|false|n|no|off)$/i.test(value));
