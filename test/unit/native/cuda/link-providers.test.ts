import { afterAll, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { linkCudaProviders } from "#/native/cuda/link-providers.ts";

const scratch = mkdtempSync(join(tmpdir(), "cuda-test-"));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

const names = ["libonnxruntime_providers_shared.so", "libonnxruntime_providers_cuda.so"];

function folderWith(name: string, files: readonly string[]): string {
  const folder = join(scratch, name);
  mkdirSync(folder);
  for (const file of files) writeFileSync(join(folder, file), "");
  return folder;
}

test("both providers are linked beside the library, again after the folder moved", () => {
  const library = folderWith("lib", []);
  for (const source of [folderWith("first", names), folderWith("second", names)]) {
    linkCudaProviders(source, library);
    linkCudaProviders(source, library);
    expect(names.map((name) => readlinkSync(join(library, name)))).toEqual(
      names.map((name) => join(source, name)),
    );
  }
});

test("a provider that is missing is named", () => {
  const source = folderWith("half", names.slice(0, 1));
  expect(() => linkCudaProviders(source, folderWith("lib2", []))).toThrow(
    expect.objectContaining({ code: "provider-missing", details: { file: join(source, names[1] ?? "") } }),
  );
});
