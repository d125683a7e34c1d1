import { existsSync } from "node:fs";
import type { Device } from "#/lib/devices.ts";
import { isOfDriver, troubleSentence } from "#/native/cuda/trouble.ts";
import { cardLine } from "../cuda/card-line.ts";
import type { Finding } from "./finding.ts";
import type { EntryLook } from "./looks.ts";

/**
 * Whether a GPU can be used, and what keeps it from that.
 *
 * @param providers as they are set, or those of all engines; empty takes what there is
 */
export function gpuFinding({ entry, look }: EntryLook, providers: readonly Device[]): Finding {
  const { driver, installed, troubles } = look;
  const what = "GPU";
  const cards = driver?.kind === "answers" ? driver.cards : [];
  const there =
    cards.length === 0
      ? undefined
      : `NVIDIA's driver ${driver?.kind === "answers" ? (driver.version ?? "") : ""}`.trim();
  const shown = [entry, there, ...cards.map(cardLine)].filter((one) => one !== undefined).join("; ");
  if (troubles.length === 0) return { what, level: "good", found: `${shown}; CUDA's libraries are there` };
  const isWanted = providers.includes("cuda");
  const hasDriver = driver !== undefined && driver.kind !== "none";
  if (!isWanted && !hasDriver && !installed) return { what, level: "good", found: withoutNvidia() };
  const isAlone = isWanted && providers.every((device) => device === "cuda");
  return {
    what,
    level: isAlone ? "fault" : "weak",
    found: shown === "" ? "CUDA cannot be used" : `${shown}; CUDA cannot be used`,
    mend: `${troubles.map(troubleSentence).join(" ")}${troubles.every(isOfDriver) ? "" : " fooocusd cuda says more."}`,
  };
}

const withoutNvidia = (): string =>
  existsSync("/dev/dri/renderD128")
    ? "no NVIDIA driver; another GPU, which is only used where providers names webgpu"
    : "none; the processor computes";
