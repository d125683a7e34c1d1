import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Catalog } from "#/catalog/catalog.ts";
import { Examiner } from "#/catalog/examine.ts";
import { examineInTurn, examineModels, type ModelChoice } from "#/tasks/examine-models.ts";
import { sdxlBase, sdxlShapes } from "../../support/sdxl-layout.ts";
import { loraShapes, writeShapes, writeTinyCheckpoint } from "../../support/tiny-models.ts";

const root = mkdtempSync(join(tmpdir(), "fooocusd-examine-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
for (const kind of ["checkpoints", "loras"]) mkdirSync(join(root, kind));

// Of full size as far as headers go; their zeros take no room.
const full = sdxlShapes(sdxlBase);
writeShapes(join(root, "checkpoints/full.safetensors"), full);
writeTinyCheckpoint(join(root, "checkpoints/tiny.safetensors"));
const loras = ["a", "b", "c"].map((name) => `${name}.safetensors`);
for (const name of loras) writeShapes(join(root, "loras", name), loraShapes(full, 8));

const choice = (base: string, names: readonly string[] = []): ModelChoice => ({
  recipe: { base, vae: null, loras: names.map((name) => ({ name, weight: 1 })) },
  loraFields: names.map((_, at) => `loras.${at}.model_name`),
});

test("others have their turn between large files, and no request overtakes another", async () => {
  const shelf = { catalog: new Catalog([root]), examiner: new Examiner() };
  const examine = examineInTurn();
  const ended: string[] = [];
  let turns = 0;
  const timer = setInterval(() => {
    turns += 1;
  });
  const look = async (name: string, chosen: ModelChoice) => {
    const seen = await examine(chosen, shelf);
    ended.push(name);
    return seen;
  };
  const [first, refused] = await Promise.all([
    look("large", choice("full.safetensors", loras)),
    look("unfit", choice("tiny.safetensors", loras)),
    look("small", choice("tiny.safetensors")),
  ]);
  clearInterval(timer);
  expect(turns).toBeGreaterThan(0);
  expect(ended).toEqual(["large", "unfit", "small"]);
  expect(first).toEqual({ notes: [] });
  expect(refused.fault).toMatchObject({ used: { name: "a.safetensors", field: "loras.0.model_name" } });
  expect(examineModels(choice("full.safetensors", loras), shelf)).toEqual(first);
});
