import { afterAll, describe, expect, test } from "bun:test";
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { ModelError } from "#/lib/errors.ts";
import { readForeign } from "#/weights/onnx/foreign-kinds.ts";
import { readOnnx } from "#/weights/onnx/read-onnx.ts";
import { goldenPath } from "../../../support/golden.ts";

const folder = mkdtempSync(join(tmpdir(), "fooocusd-onnx-"));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (name: string) => goldenPath(`foreign/${name}`);
const written = (name: string, bytes: Uint8Array | string): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};
const refusal = (read: () => unknown): Pick<ModelError, "code" | "message"> => {
  try {
    read();
  } catch (thrown) {
    if (thrown instanceof ModelError) return thrown;
    throw thrown;
  }
  throw new Error("nothing was refused");
};

describe("what a file says of itself", () => {
  test("inputs without the weights that are listed as inputs too, outputs, types and sizes", () => {
    const { inputs, outputs, bytes, files } = readOnnx(at("u2net.onnx"));
    expect(inputs).toEqual([{ name: "input.1", type: "float32", dims: [1, 3, 320, 320] }]);
    expect(outputs).toEqual([
      { name: "1959", type: "float32", dims: [1, 1, 320, 320] },
      { name: "1960", type: "int64", dims: [1, 1, 320, 320] },
    ]);
    expect([bytes, files.length]).toEqual([readFileSync(at("u2net.onnx")).length, 1]);
  });

  test("axes of any length, and halves", () => {
    expect(readOnnx(at("tagger.onnx")).inputs[0]?.dims).toEqual([undefined, 48, 48, 3]);
    expect(readOnnx(at("halves.onnx")).inputs[0]?.type).toBe("float16");
  });

  test("weights in a file beside it count, and must be there", () => {
    const { files, bytes } = readOnnx(at("beside.onnx"));
    expect(files.map(({ path }) => path)).toEqual([at("beside.onnx"), at("beside.data")]);
    expect(bytes).toBe(readFileSync(at("beside.onnx")).length + readFileSync(at("beside.data")).length);
    const lonely = join(folder, "lonely.onnx");
    copyFileSync(at("beside.onnx"), lonely);
    const { code, message } = refusal(() => readOnnx(lonely));
    expect([code, message]).toEqual([
      "file-unreadable",
      "lonely.onnx has weights in beside.data, which is not beside it. Put that file into the same folder.",
    ]);
  });

  test("weights outside its folder are refused, as the runtime refuses them", () => {
    const bytes = readFileSync(at("beside.onnx")).toString("latin1").replaceAll("beside.data", "../ide.data");
    const path = written("outside.onnx", Buffer.from(bytes, "latin1"));
    expect(refusal(() => readOnnx(path)).message).toContain("outside its folder");
  });
});

describe("what is none", () => {
  test("is refused by what it is", () => {
    for (const [content, said] of [
      ["", "it is empty"],
      ["<!doctype html>", "it is a web page"],
      ["version https://git-lfs.github.com/spec/v1", "it is a Git LFS pointer"],
      [readFileSync(goldenPath("tiny-lora-sgm.safetensors")), "it is a safetensors file"],
      [readFileSync(goldenPath("inpaint-head.pth")), "it is a PyTorch file"],
      [new Uint8Array(5000).fill(7), "it is no ONNX file"],
    ] as const)
      expect(refusal(() => readOnnx(written("x.onnx", content))).message).toContain(`x.onnx: ${said}`);
  });

  test("a download that broke off is refused wherever it did", () => {
    const bytes = readFileSync(at("u2net.onnx"));
    fc.assert(
      fc.property(fc.integer({ min: 1, max: bytes.length - 1 }), (length) => {
        const read = () => readOnnx(written("short.onnx", bytes.subarray(0, length)));
        expect(refusal(read).code).toBe("header-invalid");
      }),
      // Between its last two fields.
      { examples: [[bytes.length - 6]] },
    );
  });

  test("whatever bytes it holds, it is read or refused, and no other way", () => {
    const whole = readFileSync(at("tagger.onnx"));
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 20 }),
        (changes) => {
          const bytes = Uint8Array.from(whole);
          for (const [place, value] of changes) bytes[place] = value;
          const path = written("changed.onnx", bytes);
          try {
            expect(readOnnx(path).bytes).toBeGreaterThan(0);
          } catch (thrown) {
            expect(thrown).toBeInstanceOf(ModelError);
          }
        },
      ),
    );
  });
});

test("a network of another kind is refused with what was found and what is wanted", () => {
  expect(readForeign("matte", at("isnet-anime.onnx")).outputs).toHaveLength(2);
  expect(readForeign("tagger", at("tagger.onnx")).inputs).toHaveLength(1);
  expect(refusal(() => readForeign("matte", at("tagger.onnx"))).message).toBe(
    "tagger.onnx takes [?, 48, 48, 3] of float32; one picture, [1, 3, side, side] is wanted. It is another network than it is called.",
  );
  expect(refusal(() => readForeign("tagger", at("u2net.onnx"))).message).toContain(
    "takes [1, 3, 320, 320] of float32; one picture, [1, side, side, 3] is wanted",
  );
  const bytes = Uint8Array.from(readFileSync(at("tagger.onnx")));
  const name = Buffer.from(bytes).lastIndexOf("input_1:0");
  // Behind the name: the type of the input, a tensor, of float32, which becomes one of uint8.
  const type = Buffer.from(bytes).indexOf(Uint8Array.of(8, 1, 18), name);
  bytes[type + 1] = 2;
  const { code, message } = refusal(() => readForeign("tagger", written("bytes.onnx", bytes)));
  expect([code, message]).toEqual([
    "dtype-unsupported",
    "bytes.onnx takes or gives [?, 48, 48, 3] of uint8; float32 or float16 is wanted.",
  ]);
});
