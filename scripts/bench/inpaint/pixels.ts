/**
 * What our own part of an inpainting takes at 1024 x 1024, in processor time: the mask, the area, the fill with its 60 blurs, the
 * soft mask, the tensors for the VAE, and what is put back. `bun scripts/bench/inpaint/pixels.ts [side]`
 */
import { crop } from "#/image/operations/crop.ts";
import { lanczosResize } from "#/image/operations/lanczos-resize.ts";
import { threshold } from "#/image/operations/threshold.ts";
import type { Pixmap } from "#/image/pixmap.ts";
import { areaToDraw } from "#/pipeline/inpaint/area-to-draw.ts";
import { filled } from "#/pipeline/inpaint/filled.ts";
import { latentHole } from "#/pipeline/inpaint/latent-hole.ts";
import { pasteBack } from "#/pipeline/inpaint/paste-back.ts";
import { workingSize } from "#/pipeline/inpaint/working-size.ts";
import { masked } from "#/sampling/guidance/masked.ts";
import { pictureTensor } from "#/tensor/picture-tensor.ts";

const side = Number(process.argv[2] ?? 1024);
const rounds = 3;

const picture: Pixmap = {
  width: side,
  height: side,
  data: new Uint8Array(3 * side * side).map((_, at) => (at * 31 + (at >> 9) * 7) & 255),
};
const drawn: Pixmap = {
  ...picture,
  data: new Uint8Array(3 * side * side).map((_, at) => {
    const [x, y] = [Math.floor(at / 3) % side, Math.floor(at / 3 / side)];
    return x > side / 4 && x < side / 2 && y > side / 3 && y < side / 2 ? 255 : 0;
  }),
};

const seconds: Record<string, number> = {};
async function timed<T>(name: string, work: () => T | Promise<T>): Promise<T> {
  const before = process.cpuUsage();
  const done = await work();
  const { user, system } = process.cpuUsage(before);
  seconds[name] = (seconds[name] ?? 0) + (user + system) / 1e6 / rounds;
  return done;
}

async function whole(): Promise<void> {
  const area = await timed("mask, area and soft mask", () =>
    areaToDraw([picture, drawn], {
      kind: "inpaint",
      picture: 0,
      mask: 1,
      grow: 4,
      invert: false,
      outpaint: {},
      field: 0.618,
      strength: 1,
      startEmpty: false,
      working: 1024,
      enlarge: { by: "lanczos", tell: false },
      show: "result",
    }),
  );
  const size = workingSize(area.part, 1024);
  const [part, hole] = await timed("to the size that is drawn", () => [
    lanczosResize(area.part, size),
    threshold(
      lanczosResize(
        crop(area.mask, { left: 0, top: 0, right: area.mask.width, bottom: area.mask.height }),
        size,
      ),
    ),
  ]);
  const fill = await timed("fill", async () => {
    const walk = filled(part, hole);
    for (;;) {
      const next = await walk.next();
      if (next.done === true) return next.value;
    }
  });
  const mask = await timed("tensors", () => {
    pictureTensor(part, hole);
    pictureTensor(fill);
    return latentHole(hole);
  });
  const clean = {
    dims: [1, 4, size.height / 8, size.width / 8],
    data: new Float32Array((size.height * size.width) / 16),
  };
  const denoise = masked(async (x) => x, { clean, hole: mask }, 7n);
  await timed("masked denoiser, a call", () => denoise(clean, 3));
  await timed("put back", () => pasteBack(area.place, fill));
}

for (let round = 0; round <= rounds; round += 1) {
  await whole();
  if (round === 0) for (const name of Object.keys(seconds)) seconds[name] = 0; // what is not compiled yet is not counted
}
for (const [name, value] of Object.entries(seconds)) process.stdout.write(`${name}: ${value.toFixed(3)} s\n`);
