import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { Catalog } from "#/catalog/catalog.ts";
import type { Config } from "#/config/schema.ts";
import { inUnits } from "#/lib/in-units.ts";
import { cacheFolder } from "#/native/cache.ts";
import type { Finding } from "./finding.ts";

/** Room below which a disk is told of. */
const little = 2e9;

/** Whether a folder can be written, or made; nothing is left behind. */
function folderFinding(what: string, folder: string, way: string): Finding {
  const there = nearest(resolve(folder));
  const probe = join(there, `.fooocusd-${randomUUID()}`);
  try {
    mkdirSync(probe);
    writeFileSync(join(probe, "probe"), "x");
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return { what, level: "fault", found: `${folder} cannot be written: ${reason}`, mend: way };
  }
  rmSync(probe, { recursive: true, force: true });
  const { bavail, bsize } = statfsSync(there);
  const free = bavail * bsize;
  const found = `${folder} can be written, ${inUnits(free)} free`;
  if (free < little) return { what, level: "weak", found, mend: `Make room: ${way}` };
  return { what, level: "good", found };
}

/** The folder itself, or the one above it that is there. */
const nearest = (folder: string): string => (existsSync(folder) ? folder : nearest(dirname(folder)));

function portFinding(host: string, port: number): Finding {
  const what = `port ${port}`;
  if (port === 0) return { what, level: "good", found: "a free one is taken" };
  try {
    Bun.listen({ hostname: host, port, socket: { data: () => undefined } }).stop(true);
    return { what, level: "good", found: `${host}:${port} is free` };
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    const mend =
      "If that is a fooocusd that runs, all is well; else name another one with --port, or stop what has it (ss -ltnp).";
    return { what, level: "weak", found: `${host}:${port} cannot be listened on: ${reason}`, mend };
  }
}

function modelFinding(models: readonly string[], roots: readonly string[]): Finding {
  const catalog = new Catalog(roots);
  const checkpoint = catalog.defaultCheckpoint([]);
  const count = catalog.names("checkpoints").length;
  const missing = models.filter((root) => root !== "models" && !existsSync(root.replace(/^\w+=/, "")));
  if (missing.length > 0)
    return {
      what: "models",
      level: "fault",
      found: `${missing.join(", ")}: not there`,
      mend: "Mend --models.",
    };
  if (checkpoint === undefined)
    return {
      what: "models",
      level: "fault",
      found: "no checkpoint that can be drawn with",
      mend: "fooocusd pull default",
    };
  if (checkpoint.includes("fooocusd-demo"))
    return {
      what: "models",
      level: "weak",
      found: "the demo model alone",
      mend: "fooocusd pull default fetches Fooocus' own; fooocusd models says what is missing for what.",
    };
  return { what: "models", level: "good", found: `${count} checkpoints; ${checkpoint} can be drawn with` };
}

/** Folders, ports, models. */
export const placeFindings = (config: Config, roots: readonly string[]): readonly Finding[] => [
  folderFinding(
    "outputs",
    config.outputs,
    "name another folder with --outputs, or give this one to the user who runs the server.",
  ),
  folderFinding(
    "inputs",
    config.inputs,
    "name another folder with --inputs, or give this one to the user who runs the server.",
  ),
  folderFinding(
    "cache",
    cacheFolder(),
    "the variable FOOOCUSD_CACHE_DIR names another folder, which must not be mounted noexec.",
  ),
  portFinding(config.host, config.port),
  ...(config.also_port === 0 ? [] : [portFinding(config.host, config.also_port)]),
  modelFinding(config.models, roots),
];
