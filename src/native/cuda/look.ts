import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { EngineError } from "#/lib/errors.ts";
import { refuseForeign } from "../own-folder.ts";
import type { Asking } from "../own-process.ts";
import { askChild } from "./ask-child.ts";
import type { Card, DriverAnswer } from "./driver-answer.ts";
import { type CudaPlace, hasProvider, missingWheels, whyUnreadable } from "./folder.ts";
import { providers } from "./link-providers.ts";
import type { ChildAnswer } from "./look-child.ts";
import { cudaOf } from "./open-libraries.ts";
import { providerVersion } from "./provider-version.ts";
import { type CudaSet, cudaSet, nameOf, wheelOf } from "./set.ts";
import type { CudaTrouble } from "./trouble.ts";

/** What a card must have in all, and free when an engine starts, for networks of SDXL's size; bytes. */
export const leastMemory = { total: 3.5e9, free: 2e9 } as const;

/** What there is of CUDA here. */
export type CudaLook = Readonly<{
  folder: string;
  /** Whether the provider of ONNX Runtime is there, whatever it is worth. */
  installed: boolean;
  /** Undefined where there was no reason to ask: nothing is installed, and nothing of a driver is to be seen. */
  driver: DriverAnswer | undefined;
  /** What keeps it from being used; nothing where nothing does. */
  troubles: readonly CudaTrouble[];
}>;

/** Where and how it is looked. */
export type Looking = Readonly<{
  place: CudaPlace;
  /** Asks the driver whatever there is to be seen of it. */
  asks?: boolean;
  set?: CudaSet;
  asking?: Asking;
}>;

/**
 * Looks whether CUDA can be used here: the driver's own answers, and whether the libraries open, both found out in a process of
 * their own. That the provider then computes is for the engine's trial to say.
 */
export async function lookAtCuda({ place, asks = false, set = cudaSet, asking }: Looking): Promise<CudaLook> {
  const { folder } = place;
  const system = `${process.platform} on ${process.arch}`;
  if (system !== "linux on x64")
    return { folder, installed: false, driver: undefined, troubles: [{ kind: "other-system", system }] };
  const installed = hasProvider(folder);
  const foreign = installed && place.isOwn ? foreignness(folder) : undefined;
  if (foreign !== undefined)
    return {
      folder,
      installed,
      driver: undefined,
      troubles: [{ kind: "foreign-folder", sentence: foreign }],
    };
  const answer =
    asks || installed || traces.some((path) => existsSync(path))
      ? await askChild(installed ? folder : undefined, asking)
      : undefined;
  const needs = needsOf(folder, installed, set);
  const troubles = [
    ...(answer === undefined ? [{ kind: "no-driver" } as const] : driverTroubles(answer.driver, needs)),
    ...libraryTroubles({ folder, installed, answer, set }),
  ];
  return { folder, installed, driver: answer?.driver, troubles };
}

/** Why code must not be taken from there. */
function foreignness(folder: string): string | undefined {
  try {
    refuseForeign(folder, "folder");
    return undefined;
  } catch (thrown) {
    if (thrown instanceof EngineError) return thrown.message;
    throw thrown;
  }
}

/** Where a driver shows, so that a machine without one is not asked at each start. */
const traces = ["/proc/driver/nvidia/version", "/dev/nvidiactl", "/dev/dxg"];

/** What a driver must know; of a provider that is not the set's, what that one's names say. */
type Needs = Readonly<{ version?: string; cuda: number; capability?: Card["capability"] }>;

function needsOf(folder: string, installed: boolean, set: CudaSet): Needs {
  const cuda = installed ? (cudaOf(folder) ?? set.cuda) : set.cuda;
  if (cuda !== set.cuda) return { cuda: cuda * 1000 };
  return { version: set.driver, cuda: cuda * 1000, capability: set.capability };
}

function driverTroubles(driver: DriverAnswer, needs: Needs): readonly CudaTrouble[] {
  switch (driver.kind) {
    case "none":
      // That it is not there needs no words; that it is of another processor, or lacks something, does.
      return [{ kind: "no-driver", ...(isNotThere(driver.reason) ? {} : { reason: driver.reason }) }];
    case "failed":
      if (driver.cuda !== undefined && driver.cuda < needs.cuda)
        return [oldDriver(driver.cuda, driver.version, needs)];
      return [{ kind: "driver-failed", call: driver.call, code: driver.code, words: driver.words }];
    case "silent":
      return [{ kind: "driver-silent", call: driver.call, seconds: driver.seconds }];
    case "crashed":
      return [{ kind: "driver-crashed", call: driver.call, how: driver.how }];
    case "answers":
      if (driver.cuda < needs.cuda) return [oldDriver(driver.cuda, driver.version, needs)];
      return cardTroubles(driver.cards[0], driver.hidden, needs);
  }
}

const isNotThere = (reason: string): boolean =>
  reason.startsWith("libcuda.so.1: cannot open shared object file: No such file");

const oldDriver = (cuda: number, version: string | undefined, needs: Needs): CudaTrouble => ({
  kind: "driver-old",
  cuda,
  ...(version === undefined ? {} : { version }),
  needs,
});

/** Of the first card, which is the one that is used. */
function cardTroubles(
  card: Card | undefined,
  hidden: string | undefined,
  { capability: needs }: Needs,
): readonly CudaTrouble[] {
  if (card === undefined) return [{ kind: "no-card", ...(hidden === undefined ? {} : { hidden }) }];
  const { name, total, free, capability } = card;
  if (needs !== undefined && isBefore(capability, needs))
    return [{ kind: "card-old", name, capability, needs }];
  if (total < leastMemory.total) return [{ kind: "card-small", name, total, needs: leastMemory.total }];
  if (free !== undefined && free < leastMemory.free)
    return [{ kind: "card-full", name, total, free, needs: leastMemory.free }];
  return [];
}

const isBefore = ([major, minor]: Card["capability"], [least, leastMinor]: Card["capability"]): boolean =>
  major < least || (major === least && minor < leastMinor);

type Found = Readonly<{ folder: string; installed: boolean; answer: ChildAnswer | undefined; set: CudaSet }>;

function libraryTroubles({ folder, installed, answer, set }: Found): readonly CudaTrouble[] {
  const reason = installed ? undefined : whyUnreadable(folder);
  if (reason !== undefined) return [{ kind: "unreadable-folder", folder, reason }];
  if (!installed) return [{ kind: "not-there", folder, wheels: missingWheels(folder, set) }];
  const provider = versionOf(folder, set);
  if (provider !== set.runtime) return [{ kind: "other-version", folder, provider, runtime: set.runtime }];
  const unopened = answer?.unopened;
  if (unopened === undefined) return [];
  const { library, reason: words } = unopened;
  const notFound = /(\S+): cannot open shared object file: No such file/.exec(words)?.[1];
  if (notFound !== undefined && notFound !== library && wheelOf(set, notFound) === undefined)
    return [{ kind: "library-unopened", library, reason: words, lacks: notFound }];
  if (notFound === undefined) return [{ kind: "library-unopened", library, reason: words }];
  return [{ kind: "library-missing", folder, library: notFound, from: wheelNameOf(set, notFound) }];
}

/** The size says so of the set's own, which has hundreds of megabytes to be read through otherwise. */
function versionOf(folder: string, set: CudaSet): string | undefined {
  const path = join(folder, providers[1]);
  const own = set.wheels.flatMap(({ libraries }) => libraries).find((one) => nameOf(one) === providers[1]);
  return own?.bytes === statSync(path).size ? set.runtime : providerVersion(path);
}

/** Other versions of CUDA have wheels of their own for libraries whose names differ in the number alone. */
function wheelNameOf(set: CudaSet, library: string): string {
  const exact = wheelOf(set, library);
  if (exact !== undefined) return `${exact.project} ${exact.version}`;
  const stem = library.replace(/\.so.*$/, ".so");
  const similar = set.wheels.find(({ libraries }) => libraries.some(({ path }) => path.includes(`/${stem}`)));
  const cuda = /\.so\.(\d+)$/.exec(library)?.[1];
  return similar === undefined
    ? `that has ${library}`
    : `${similar.project.replace(/-cu\d+$/, "")}-cu${cuda}`;
}
