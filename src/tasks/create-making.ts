import type { GenerateParams } from "#/api/generate.ts";
import type { ModelHashes } from "#/catalog/hashes.ts";
import type { Engine } from "#/engine/engine.ts";
import type { FindFile } from "#/recipe/files-of.ts";
import type { Resolved, Signed } from "#/recipe/resolve.ts";
import {
  createIntake,
  defaultsOf,
  type Intake,
  type IntakeConfig,
  type IntakeParts,
} from "./intake/create-intake.ts";
import type { AttemptParts } from "./life-cycle/attempt.ts";
import type { RunParts } from "./life-cycle/run-parts.ts";
import { madeOf } from "./making/made-of.ts";
import { createTexts, type TextParts } from "./picture-texts/create-texts.ts";

/** What requests are understood with, and pictures made. */
export type MakingDependencies = Omit<IntakeParts, "config" | "roomFor" | "device"> &
  Readonly<{ config: IntakeConfig & TextParts["config"]; hashes: ModelHashes; engines: readonly Engine[] }>;

/** How requests become recipes, and what is written into pictures and kept of them. */
export type Making = Intake &
  Pick<AttemptParts, "madeOf"> &
  Pick<RunParts, "textOf"> &
  Readonly<{
    signed: Signed;
    /** The server's values for what a request does not say, in the world as it is now. */
    defaults: (base?: string) => GenerateParams;
  }>;

/** Puts together what a server and a worker of a fleet make tasks with. */
export function createMaking(parts: MakingDependencies): Making {
  const { config, catalog, hashes } = parts;
  const defaults = defaultsOf(parts);
  const defaultAdaptiveCfg = defaults().adaptive_cfg;
  const { textOf, roomFor, signed } = createTexts({ config, catalog, hashes, defaultAdaptiveCfg });
  const device = (): string => parts.engines[0]?.state.device ?? "";
  const find: FindFile = (kind, name) => catalog.path(kind, name);
  return {
    ...createIntake({ ...parts, roomFor, device }),
    textOf,
    signed,
    defaults,
    madeOf: (resolved: Resolved, engine: Engine) =>
      madeOf(resolved, { find, hashes, signed, device: () => engine.state.device ?? "" }),
  };
}
