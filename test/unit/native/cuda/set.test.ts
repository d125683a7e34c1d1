import { expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { neededLibraries } from "#/native/cuda/elf.ts";
import { providers } from "#/native/cuda/link-providers.ts";
import { bytesOf, cudaSet, nameOf, unpackedBytes, wheelOf } from "#/native/cuda/set.ts";
import { libraryFolder } from "#/native/libraries.ts";
import packageFile from "../../../../package.json";

test("the provider is of the very version of ONNX Runtime that is inside", () => {
  expect(cudaSet.runtime).toBe(packageFile.dependencies["onnxruntime-node"]);
  expect(wheelOf(cudaSet, providers[1])?.version).toBe(cudaSet.runtime);
  expect(wheelOf(cudaSet, providers[0])?.project).toBe("onnxruntime-gpu");
});

test("each library is in one wheel, and the table is whole", () => {
  const names = cudaSet.wheels.flatMap(({ libraries }) => libraries.map(nameOf));
  expect(new Set(names).size).toBe(names.length);
  for (const { file, project, version, sha256, bytes, libraries } of cudaSet.wheels) {
    expect(file).toStartWith(`${project.replaceAll("-", "_")}-${version}-`);
    for (const one of [{ sha256, bytes }, ...libraries]) {
      expect(one.sha256).toMatch(/^[0-9a-f]{64}$/);
      expect(one.bytes).toBeGreaterThan(0);
    }
  }
});

test("what documents say of its size is so", () => {
  expect((bytesOf(cudaSet.wheels) / 1e9).toFixed(2)).toBe("1.19");
  expect((unpackedBytes(cudaSet.wheels) / 1e9).toFixed(2)).toBe("1.61");
});

test.if(process.platform === "linux")("what a library is linked against is read from it", () => {
  const runtime = join(libraryFolder(), "libonnxruntime.so.1");
  if (!existsSync(runtime)) return;
  expect(neededLibraries(runtime)).toContain("libc.so.6");
  expect(neededLibraries(runtime)).toContain("libstdc++.so.6");
  expect(neededLibraries(join(import.meta.dir, "set.test.ts"))).toEqual([]);
});
