import { randomUUID } from "node:crypto";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { Catalog } from "#/catalog/catalog.ts";
import type { Config } from "#/config/schema.ts";
import { diskOf, nearestFolder } from "#/lib/disk-of.ts";
import { inUnits } from "#/lib/in-units.ts";
import { portTrouble } from "#/lib/port-trouble.ts";
import { cacheFolder } from "#/native/cache.ts";
import type { Finding } from "./finding.ts";

/** Room below which a disk is told of. */
const little = 2e9;

/** Whether a folder can be written, or made; nothing is left behind. */
function folderFinding(what: string, folder: string, way: string): Finding {
  const there = nearestFolder(resolve(folder));
  const probe = join(there, `.fooocusd-${randomUUID()}`);
  try {
    mkdirSync(probe);
    writeFileSync(join(probe, "probe"), "x");
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    return { what, level: "fault", found: `${folder} cannot be written: ${reason}`, mend: way };
  }
  rmSync(probe, { recursive: true, force: true });
  const free = diskOf(there)?.free ?? 0;
  const found = `${folder} can be written, ${inUnits(free)} free`;
  if (free < little) return { what, level: "weak", found, mend: `Make room: ${way}` };
  return { what, level: "good", found };
}

/** The folder itself, or the one above it that is there. */

function portFinding(host: string, port: number, flag: string): Finding {
  const what = `port ${port}`;
  if (port === 0) return { what, level: "good", found: "a free one is taken" };
  const trouble = portTrouble(host, port);
  if (trouble === undefined) return { what, level: "good", found: `${host}:${port} is free` };
  const found = trouble.sentence;
  if (!trouble.isBusy)
    return { what, level: "fault", found, mend: `Name another place with ${flag} or --host.` };
  const mend = `If that is a fooocusd that runs, all is well; else stop it, or name another port with ${flag}.`;
  return { what, level: "weak", found, mend };
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
export function* placeFindings(
  config: Config,
  roots: readonly string[],
): Generator<Finding, void, undefined> {
  const { host, port, also_port: second } = config;
  const way = (flag: string): string =>
    `name another folder with ${flag}, or give this one to the user who runs the server.`;
  yield folderFinding("outputs", config.outputs, way("--outputs"));
  yield folderFinding("inputs", config.inputs, way("--inputs"));
  const cacheWay = "the variable FOOOCUSD_CACHE_DIR names another folder, which must not be mounted noexec.";
  yield folderFinding("cache", cacheFolder(), cacheWay);
  yield portFinding(host, port, "--port");
  if (second !== 0) yield portFinding(host, second, "--also-port");
  yield modelFinding(config.models, roots);
}
