/**
 * Asks the driver what there is, and opens the libraries of a folder, in a process of its own: a driver may crash or hang, and then
 * takes nobody with it. Each step is announced on a line of its own before it is taken; the last line is the answer.
 */
import { readFileSync, writeSync } from "node:fs";
import type { Card, DriverAnswer } from "./driver-answer.ts";
import { DriverFailure, DriverLibrary } from "./driver-library.ts";
import { hasProvider } from "./folder.ts";
import { type Management, openManagement } from "./management-library.ts";
import { openCudaLibraries, type Unopened } from "./open-libraries.ts";

/** What the process says at its end. */
export type ChildAnswer = Readonly<{ driver: DriverAnswer; unopened?: Unopened }>;

/** What cuInit and the counting say where the driver is well and sees no card. */
const noDevice = 100;

const say = (what: Readonly<Record<string, unknown>>): void => void writeSync(1, `${JSON.stringify(what)}\n`);

/**
 * @param folder  with the provider; where it has none, the driver alone is asked
 * @param visible the variable CUDA_VISIBLE_DEVICES
 */
export function lookInChild(folder: string | undefined, visible: string | undefined): void {
  const found = askDriver((step) => say({ step }));
  const driver = found.kind === "answers" && visible !== undefined ? { ...found, hidden: visible } : found;
  if (folder === undefined || !hasProvider(folder)) return say({ answer: { driver } });
  say({ step: "opening" });
  const unopened = openCudaLibraries(folder);
  say({ answer: { driver, ...(unopened === undefined ? {} : { unopened }) } });
}

function askDriver(announce: (call: string) => void): DriverAnswer {
  const library = DriverLibrary.open(announce);
  if (typeof library === "string") return { kind: "none", reason: library };
  announce("nvmlInit");
  const management = openManagement();
  const version = management?.version() ?? kernelVersion();
  const said = { ...(version === undefined ? {} : { version }) };
  let cuda: number | undefined;
  try {
    cuda = library.version();
    return { kind: "answers", library: library.path, cuda, ...said, cards: cardsOf(library, management) };
  } catch (thrown) {
    if (!(thrown instanceof DriverFailure)) throw thrown;
    const { call, code, message: words } = thrown;
    return { kind: "failed", call, code, words, ...said, ...(cuda === undefined ? {} : { cuda }) };
  }
}

function cardsOf(library: DriverLibrary, management: Management | undefined): readonly Card[] {
  try {
    library.init();
  } catch (thrown) {
    if (thrown instanceof DriverFailure && thrown.code === noDevice) return [];
    throw thrown;
  }
  return Array.from({ length: library.count() }, (_, index) => {
    const { bus, ...card } = library.card(index);
    const free = management?.free(bus);
    return { ...card, ...(free === undefined ? {} : { free }) };
  });
}

/** As the kernel's half of the driver says it. */
function kernelVersion(): string | undefined {
  try {
    return /Kernel Module\D+([\d.]+)/.exec(readFileSync("/proc/driver/nvidia/version", "utf8"))?.[1];
  } catch {
    return undefined;
  }
}
