import { expect, test } from "bun:test";
import { RequestError } from "#/lib/errors.ts";
import { chooseUpscaler, type UpscalerRule } from "#/recipe/choose-upscaler.ts";

const fooocus = "fooocus_upscaler_s409985e5.bin";
const demo = "fooocusd-demo-upscaler.safetensors";
const rule: UpscalerRule = { named: "", without: "refuse" };
const choose = (files: readonly string[], said: Partial<UpscalerRule> = {}) =>
  chooseUpscaler(files, { ...rule, ...said }, "uov_method");

function refusal(files: readonly string[], said: Partial<UpscalerRule> = {}): RequestError {
  try {
    choose(files, said);
  } catch (thrown) {
    if (thrown instanceof RequestError) return thrown;
    throw thrown;
  }
  throw new Error("nothing was refused");
}

test("Fooocus' own file comes first, wherever it lies below the folder, and says nothing", () => {
  expect(choose(["4x-other.pth", demo, fooocus])).toEqual({ by: "network", file: fooocus });
  expect(choose([demo, `esrgan/${fooocus}`])).toEqual({ by: "network", file: `esrgan/${fooocus}` });
});

test("a file that the configuration names wins, and is refused with the nearest names where it is not there", () => {
  expect(choose([fooocus, "4x-other.pth"], { named: "4x-other.pth" })).toEqual({
    by: "network",
    file: "4x-other.pth",
  });
  expect(choose(["esrgan/4x-other.pth"], { named: "4x-other.pth" })).toMatchObject({
    file: "esrgan/4x-other.pth",
  });
  const { code, message, details } = refusal([fooocus, "4x-other.pth"], { named: "4x-othr.pth" });
  expect(code).toBe("missing-model");
  expect(details).toEqual({ field: "uov_method", name: "4x-othr.pth" });
  expect(message).toContain("The upscaler 4x-othr.pth, which the setting upscaler names, is not in");
  expect(message).toContain("Similar: 4x-other.pth");
});

test("without either the demo's enlarges, and that is told; another file is not guessed", () => {
  const choice = choose(["4x-other.pth", demo]);
  expect(choice).toMatchObject({ by: "network", file: demo });
  expect(choice.warning).toContain(`${fooocus} is not in the upscale_models folder`);
});

test("without any it is refused with the file, its folder and where to get it, or done by Lanczos and told", () => {
  for (const files of [[], ["4x-other.pth"]]) {
    const { code, message, details } = refusal(files);
    expect([code, details]).toEqual(["missing-model", { field: "uov_method", name: fooocus }]);
    expect(message).toContain(`put ${fooocus} (34 MB) into the upscale_models folder`);
    expect(message).toContain(`https://huggingface.co/lllyasviel/misc/resolve/main/${fooocus}`);
    const choice = choose(files, { without: "lanczos" });
    expect(choice.by).toBe("lanczos");
    expect(choice.warning).toContain("enlarged without a network, by Lanczos");
  }
});
