import { stemOf } from "./names.ts";

/** What the files that ship with us are called. */
const demoName = /^fooocusd-demo(-|$)/;

/** Whether a file is one of those that ship with us, by its name. */
export const isDemoFile = (name: string): boolean => demoName.test(stemOf(name));
