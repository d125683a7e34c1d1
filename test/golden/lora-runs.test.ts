import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { operators } from "#/graph/operators.ts";
import { openNetworks } from "#/runtime/models.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { readSafetensors } from "#/weights/safetensors.ts";
import { expectNear } from "../support/expect-near.ts";
import { goldenPath, goldenTensors, tinyCheckpoint } from "../support/golden.ts";
import { unetInputs } from "../support/unet-inputs.ts";
import { openWorkshop } from "../support/workshop.ts";

/**
 * Whole networks with files of other families, alone at several strengths and several together, against diffusers and
 * transformers on weights that the packages have changed (scripts/golden/lora_runs.py). As for plain networks, 1e-4 has
 * room for sums in another order and for no wrong weight.
 */
const tolerance = 1e-4;

setDefaultTimeout(300_000); // a second each on a quiet machine

const base = await tinyCheckpoint();
const inputs = goldenTensors("networks.safetensors");
const runs = goldenTensors("lora-runs.safetensors");
const keys = [...readSafetensors(goldenPath("lora-runs.safetensors")).tensors.keys()];
const workshop = openWorkshop(operators.cpu, "in-place");
afterAll(() => workshop.close());

/** `<file> <strength> + ...` as a request has it. */
const usesOf = (name: string): { path: string; weight: number }[] =>
  name.split(" + ").map((use) => {
    const [file = "", strength] = use.split(" ");
    const path = file.startsWith("tiny-lora-") ? `${file}.safetensors` : `models/lora-${file}.safetensors`;
    return { path: goldenPath(path), weight: Number(strength) };
  });

/** The first tokens of a text's hidden states. */
const first = ({ dims, data }: Tensor, tokens: number): Tensor => {
  const width = dims.at(-1) ?? 1;
  return { dims: [1, tokens, width], data: data.slice(0, tokens * width) };
};

const ids = (key: string): number[] => [...inputs(`text.${key}`).data];

const names = [...new Set(keys.map((key) => key.split("|")[0] ?? ""))];

test("every family that changes weights is among the runs", () => {
  expect(names.length).toBe(9 * 4 + 4);
});

for (const name of names)
  test(`${name}: the answers of changed weights`, async () => {
    const { unet, textL, textG } = openNetworks({ base, loras: usesOf(name) }, { clipSkip: 2 }, workshop);
    const [sample, context, y] = (["sample", "context", "y"] as const).map((input) =>
      inputs(`unet-odd.${input}`),
    );
    const prediction = await unet(unetInputs(sample!, 499, context!, y!));
    const [l, g] = [await textL(ids("ids_l")), await textG(ids("ids_g"))];
    for (const [network, found] of [
      ["unet", prediction],
      ["text-l", l.hidden],
      ["text-g", g.hidden],
    ] as const) {
      const expected = runs(`${name}|${network}`);
      const shown = network === "unet" ? found : first(found, expected.dims[1] ?? 0);
      expectNear(shown, expected, tolerance);
    }
  });

test("a change of strength opens no other network", async () => {
  const [sample, context, y] = (["sample", "context", "y"] as const).map((input) =>
    inputs(`unet-odd.${input}`),
  );
  const openAfter = async (weight: number) => {
    const loras = [
      { path: goldenPath("models/lora-dora.safetensors"), weight },
      { path: goldenPath("models/lora-boft.safetensors"), weight: -weight },
    ];
    await openNetworks({ base, loras }, { clipSkip: 2 }, workshop).unet(
      unetInputs(sample!, 499, context!, y!),
    );
    return workshop.residency.resident.length;
  };
  expect(await openAfter(0.3)).toBe(await openAfter(-1.7));
});
