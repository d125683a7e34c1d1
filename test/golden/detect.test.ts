import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { networks } from "#/networks/index.ts";
import { openNetworks } from "#/runtime/models.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { goldenTensors, relativeError, tinyCheckpoint } from "../support/golden.ts";
import { packedModel } from "../support/packed-model.ts";
import { openWorkshop } from "../support/workshop.ts";

/**
 * Against transformers' GroundingDINO in float32 (scripts/golden/detect.py); the tolerance is that of networks.test.ts.
 */
const tolerance = 1e-4;

setDefaultTimeout(120_000);

const golden = goldenTensors("detect.safetensors");
const detector = packedModel("detector-tiny.safetensors");
const workshop = openWorkshop();
afterAll(() => workshop.close());
const { ask } = openNetworks(
  { base: await tinyCheckpoint(), loras: [], detector },
  { clipSkip: 2 },
  workshop,
);

const whole = ({ dims, data }: Tensor) => ({ dims, data: BigInt64Array.from(data, BigInt) });

for (const name of ["small", "tall", "wide"])
  test(`a ${name} picture and its text: words and boxes`, async () => {
    const bytes = golden(`${name}.bytes`);
    const mask = golden(`${name}.mask`);
    const [height = 0, width = 0] = mask.dims;
    const found = await ask(networks["grounding-dino"], {
      picture: { dims: bytes.dims, data: bytes.data.map((value) => (value - 128) / 64) },
      ids: whole(golden(`${name}.ids`)),
      positions: whole(golden(`${name}.positions`)),
      mask: { dims: [1, 1, height, width], data: mask.data.map((value) => (value === 1 ? 0 : -1e4)) },
    });
    expect(relativeError(found.logits, golden(`${name}.logits`))).toBeLessThan(tolerance);
    expect(relativeError(found.boxes, golden(`${name}.boxes`))).toBeLessThan(tolerance);
  });
