import { afterAll, expect, setDefaultTimeout, test } from "bun:test";
import { Graph } from "#/graph/graph.ts";
import { Module, weightSource } from "#/graph/module.ts";
import { operators } from "#/graph/operators.ts";
import { inFloat32, vaeResBlock } from "#/networks/blocks/vae-blocks.ts";
import { networks } from "#/networks/index.ts";
import { decoderSteps, encoderSteps } from "#/networks/vae-steps.ts";
import { drawStrip } from "#/networks/vae-strips.ts";
import { openNetworks } from "#/runtime/models.ts";
import { Session } from "#/runtime/session.ts";
import { planPasses } from "#/runtime/strips/plan.ts";
import { type WalkEvent, walkStrips } from "#/runtime/strips/walk.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import { sdxlCheckpoint } from "#/weights/layouts/sdxl.ts";
import { readSafetensors } from "#/weights/safetensors.ts";
import { expectNear } from "../support/expect-near.ts";
import { goldenTensors, tinyCheckpoint } from "../support/golden.ts";
import { openWorkshop } from "../support/workshop.ts";

/**
 * Strips against the whole network and against diffusers. Only the order of sums differs: a norm's statistics are added up
 * strip by strip in float64, where the runtime has one sum in float32.
 */
const tolerance = 2e-5;

setDefaultTimeout(600_000);

const base = await tinyCheckpoint();
const golden = goldenTensors("networks.safetensors");
const workshop = openWorkshop();
afterAll(() => workshop.close());

const source = weightSource("tiny", sdxlCheckpoint(readSafetensors(base)).vae);
const options = { device: "cpu", weights: "in-place", threads: 1 } as const;

async function ended(walk: AsyncIterable<WalkEvent>): Promise<Readonly<{ answer: Tensor; strips: number }>> {
  let strips = 0;
  for await (const event of walk) {
    if (event.at === "end") return { answer: event.answer, strips };
    expect(event.done).toBe(strips);
    strips += 1;
    expect(event.of).toBeGreaterThanOrEqual(strips);
  }
  throw new Error("the walk did not end");
}

const halves = {
  decoder: { steps: decoderSteps, input: golden("vae.latent"), expected: golden("vae.image") },
  encoder: { steps: encoderSteps, input: golden("vae.picture"), expected: golden("vae.mean") },
};

const walked = (
  half: keyof typeof halves,
  room: Readonly<{ kept: number; strip: number }>,
  opened?: Session[],
) =>
  walkStrips(halves[half].input, {
    steps: halves[half].steps(source),
    open: async (draw) => {
      const session = await Session.open(draw(source, operators.cpu, { clipSkip: 2 }), options);
      opened?.push(session);
      return session;
    },
    broken: async () => new Error("not numbers"),
    room,
  });

for (const half of ["decoder", "encoder"] as const)
  for (const [how, kept] of [
    ["kept", 2 ** 30],
    ["made anew", 0],
  ] as const)
    test(`the ${half} in strips of two rows is the whole one, features ${how}`, async () => {
      const { answer, strips } = await ended(walked(half, { kept, strip: 1 }));
      expect(strips).toBeGreaterThan(100);
      expectNear(answer, halves[half].expected, tolerance);
    });

test("one strip a pass, as a job has it, both ways", async () => {
  const opened = openNetworks({ base, loras: [] }, { clipSkip: 2 }, workshop);
  const decoded = await ended(opened.decodeByStrips(golden("vae.latent")));
  expectNear(decoded.answer, await opened.decode(golden("vae.latent")), tolerance);
  const encoded = await ended(opened.encodeByStrips(golden("vae.picture")));
  expectNear(encoded.answer, await opened.encode(golden("vae.picture")), tolerance);
  expect(workshop.residency.resident.map(({ name }) => name)).toEqual(["vae-decoder", "vae-encoder"]);
});

test("values that are no numbers are an error that names the file, as of the whole network", async () => {
  const latent = golden("vae.latent");
  const huge = { ...latent, data: latent.data.map(() => 3e38) };
  const opened = openNetworks({ base, loras: [] }, { clipSkip: 2 }, workshop);
  expect(ended(opened.decodeByStrips(huge))).rejects.toThrow(
    /its VAE answers with values that are not numbers/,
  );
});

test("a res-block of features like those of SDXL's VAE is lost in float16, and is not in the VAE's own type", async () => {
  const features = {
    dims: [1, 128, 4, 4],
    data: Float32Array.from({ length: 2048 }, (_, i) => 9e4 * Math.sin(i)),
  };
  const finite: Record<string, boolean> = {};
  const half = { ...operators.cpu, compute: "float16" } as const;
  for (const [name, table] of Object.entries({ half, own: inFloat32(half) })) {
    const graph = new Graph({ operators: table });
    const x = graph.computing(graph.input("x", "float32", [1, 128, "h", "w"]));
    graph.output("y", vaeResBlock(new Module(graph, source).at("decoder.mid.block_1"), x));
    const session = await Session.open(graph, options);
    const { y } = await session.run({ x: features });
    finite[name] = y?.data.every(Number.isFinite) ?? false;
    await session.release();
  }
  expect(finite).toEqual({ half: false, own: true });
});

test("on no provider does any part of the VAE compute in float16, which it exceeds", () => {
  const graphs = (table: (typeof operators)[keyof typeof operators]): readonly Graph[] => {
    const strips = [decoderSteps(source), encoderSteps(source)].flatMap((steps) =>
      planPasses(steps, { channels: 4, height: 64, width: 64 }, { kept: 0, strip: 1 }).map(({ part }) =>
        drawStrip(source, table, part, "answer"),
      ),
    );
    const whole = [networks["vae-decoder"], networks["vae-encoder"]].map(({ draw }) => draw(source, table));
    return [...strips, ...whole];
  };
  for (const table of Object.values(operators))
    for (const graph of graphs(table)) {
      const halves = [...graph.edges.values()].filter(({ type }) => type === "float16");
      expect(halves.map(({ name }) => name)).toEqual([]);
    }
});
