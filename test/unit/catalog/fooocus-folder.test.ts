import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readFooocusFolder } from "#/catalog/fooocus-folder.ts";

const root = mkdtempSync(join(tmpdir(), "fooocus-folder-"));
afterAll(() => rmSync(root, { recursive: true }));

function put(path: string, text: string): void {
  mkdirSync(join(root, path, ".."), { recursive: true });
  writeFileSync(join(root, path), text);
}

test("styles, presets and wildcards are read; what is no JSON or no style is passed over", () => {
  put(
    "sdxl_styles/sdxl_styles_sai.json",
    '[{"name": "sai-3d-model", "prompt": "x {prompt}"}, {"prompt": "nameless"}]',
  );
  put("sdxl_styles/a.json", '[{"name": "flat 2d-art"}]');
  put("sdxl_styles/sdxl_styles_fooocus.json", '[{"name": "Fooocus Sharp", "negative_prompt": "y"}]');
  put("sdxl_styles/b.json", "not json");
  put("presets/mine.json", '{"default_cfg_scale": 5}');
  put("wildcards/color.txt", "red\n\n blue \n");
  put("secret.txt", "hidden");
  const { styles, presets, wildcards } = readFooocusFolder(root);
  expect(styles).toEqual([
    { name: "Fooocus Sharp", prompt: "", negative_prompt: "y" },
    { name: "SAI 3D Model", prompt: "x {prompt}", negative_prompt: "" },
    { name: "Flat 2d Art", prompt: "", negative_prompt: "" },
  ]);
  expect([...presets]).toEqual([["mine", { default_cfg_scale: 5 }]]);
  expect(wildcards("color")).toEqual(["red", "blue"]);
  expect(wildcards("../secret")).toBeUndefined();
});

test("a wildcard file in a sub-folder comes before one beside it, whatever alphabet its name has", () => {
  put("wildcards/tier.txt", "outer");
  put("wildcards/more/tier.txt", "inner\r\n");
  put("wildcards/größe.txt", "groß");
  const { wildcards, wildcardNames } = readFooocusFolder(root);
  expect(wildcardNames()).toContain("größe");
  expect(wildcardNames()).toContain("tier");
  expect(wildcards("tier")).toEqual(["inner"]);
  expect(wildcards("größe")).toEqual(["groß"]);
});

test("no folder, or one that is not there, holds nothing", () => {
  for (const folder of ["", join(root, "nowhere")]) {
    const { styles, presets, wildcards, wildcardNames } = readFooocusFolder(folder);
    expect([styles.length, presets.size, wildcards("color"), wildcardNames().length]).toEqual([
      0,
      0,
      undefined,
      0,
    ]);
  }
});
