import { InvalidRequest, type Issue } from "#/api/issues.ts";
import type { RecipeDocument } from "#/api/recipe-document.ts";
import { withPicture } from "#/image/decode.ts";
import { DecodeGate } from "#/image/decode-gate.ts";
import { plainPng } from "#/image/plain-png.ts";
import { bytesOfBase64 } from "./base64.ts";
import type { InputOptions } from "./image-source.ts";

type Input = RecipeDocument["inputs"][number];

/**
 * Sees to it that the pictures of a recipe are in the inputs folder, under the names by which it knows them: those that it brings are
 * put there once all of them were looked at.
 *
 * @param options.require throws where there is no room for so many bytes
 * @throws InvalidRequest naming each picture that is not here and was not brought, or is another one; RequestError for one that is
 *   no picture, or claims too much
 */
export async function bringInputs(
  inputs: readonly Input[],
  options: InputOptions & Readonly<{ require?: (bytes: number) => void }>,
): Promise<void> {
  const { images, limits, decoding = new DecodeGate() } = options;
  const issues: Issue[] = [];
  const brought: (readonly [name: string, png: Uint8Array])[] = [];
  const refuse = (at: number, { name }: Input, why: string): void => {
    const msg = `The picture ${name} ${why}`;
    issues.push({ type: "value_error", loc: ["body", "inputs", at], msg, input: name });
  };
  for (const [at, input] of inputs.entries()) {
    const path = await images.input(input.name);
    const there = path === undefined ? undefined : await Bun.file(path).bytes();
    if (there !== undefined && digestOf(there) === input.sha256) continue;
    if (there !== undefined)
      refuse(
        at,
        input,
        `is another file here: its SHA-256 is ${digestOf(there)}, the recipe wants ${input.sha256}.`,
      );
    else if (input.data === undefined)
      refuse(
        at,
        input,
        "is not in the inputs folder. Ask for the recipe with ?inputs=embed, which brings its pictures along.",
      );
    else {
      const field = `inputs.${at}.data`;
      const png = bytesOfBase64(input.data, field, limits.maxBytes);
      if (digestOf(png) !== input.sha256) refuse(at, input, `does not have the SHA-256 ${input.sha256}.`);
      else if (!plainPng(png))
        refuse(at, input, "is no PNG as this server keeps them: pixels, and nothing beside them.");
      else {
        // Decoded once, so that nothing is kept that cannot be.
        await withPicture(png, field, decoding, async () => undefined);
        brought.push([input.name, png]);
      }
    }
  }
  if (issues.length > 0) throw new InvalidRequest(issues);
  options.require?.(brought.reduce((sum, [, png]) => sum + png.length, 0));
  for (const [name, png] of brought) {
    const kept = await images.putInput(png);
    if (kept !== name) throw new InvalidRequest([misnamed(name, kept)]);
  }
}

const misnamed = (name: string, kept: string): Issue => ({
  type: "value_error",
  loc: ["body", "inputs"],
  msg: `The picture ${name} is called ${kept} by its content.`,
  input: name,
});

const digestOf = (bytes: Uint8Array): string => new Bun.CryptoHasher("sha256").update(bytes).digest("hex");
