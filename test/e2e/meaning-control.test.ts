import { expect, setDefaultTimeout, test } from "bun:test";
import sharp from "sharp";
import { draw } from "../../scripts/bench/quality/measure.ts";
import { demoServer } from "../support/demo-server.ts";
import { type DrawnScene, drawScene } from "../support/draw-scene.ts";

/** What pictures that guide hold, made with the demo model and its own Control-LoRA, and read back from the pixels. */
setDefaultTimeout(900_000);

const server = demoServer();

const side = 256;
const settings = { aspect_ratios_selection: "256*256", overwrite_step: 12, style_selections: [] };

/** Ten shapes at ten places, in colours that the prompts do not ask for: only the edges can tell the place. */
const scenes = [
  ["circle", 70, 80, 45],
  ["square", 180, 90, 40],
  ["star", 90, 175, 55],
  ["heart", 175, 170, 50],
  ["triangle", 128, 70, 50],
  ["cross", 70, 128, 45],
  ["diamond", 190, 128, 45],
  ["flower", 128, 185, 50],
  ["ring", 85, 85, 60],
  ["moon", 165, 165, 60],
] as const;

const prompts = [
  ["red", "white"],
  ["blue", "yellow"],
  ["green", "white"],
  ["purple", "beige"],
  ["orange", "navy"],
] as const;

async function pictureOf([shape, x, y, radius]: (typeof scenes)[number]): Promise<Uint8Array> {
  const place = { shape, x, y, radius, turn: 0, width: side, height: side, blur: 0.6, noise: 0 };
  const colours = { background: [40, 42, 46], foreground: [200, 205, 210] };
  const scene: DrawnScene = { ...place, ...colours };
  const { width, height, data } = await drawScene(scene, () => 0.5);
  return await sharp(data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

type Place = Readonly<{ x: number; y: number; share: number }>;

/** Where a picture's thing is: the centre of what is not of the ground's colour, which the corners have, and its share. */
async function placeOf(png: Uint8Array): Promise<Place> {
  const data = await sharp(png).removeAlpha().raw().toBuffer();
  const at = (x: number, y: number) => [0, 1, 2].map((c) => data[3 * (y * side + x) + c] ?? 0);
  const corners = [at(4, 4), at(side - 5, 4), at(4, side - 5), at(side - 5, side - 5)];
  const ground = [0, 1, 2].map((c) => corners.map((rgb) => rgb[c] ?? 0).toSorted((a, b) => a - b)[1] ?? 0);
  let [x, y, count] = [0, 0, 0];
  for (let place = 0; place < side * side; place++) {
    const [column, row] = [place % side, Math.floor(place / side)];
    const far = at(column, row).reduce((sum, value, c) => sum + Math.abs(value - (ground[c] ?? 0)), 0);
    if (far < 120) continue;
    x += column;
    y += row;
    count += 1;
  }
  return { x: x / count, y: y / count, share: count / side ** 2 };
}

/** A twentieth of the side apart at most, and as large as it within a third. */
const samePlace = (one: Place, other: Place): boolean =>
  Math.hypot(one.x - other.x, one.y - other.y) <= side / 20 &&
  Math.abs(Math.log(one.share / other.share)) <= Math.log(4 / 3);

test("an edge picture fixes the shape's place in nine of ten, and without it the place is another", async () => {
  let [guided, free] = [0, 0];
  const missed: string[] = [];
  for (const [index, scene] of scenes.entries()) {
    const picture = await pictureOf(scene);
    const [foreground, background] = prompts[index % prompts.length] ?? prompts[0];
    const prompt = `a ${foreground} ${scene[0]} on a ${background} background`;
    const wanted = await placeOf(picture);
    const with_ = await draw(server(), prompt, 31 + index, {
      ...settings,
      controlnet_image: [
        {
          cn_img: Buffer.from(picture).toString("base64"),
          cn_type: "PyraCanny",
          cn_weight: null,
          cn_stop: null,
        },
      ],
    });
    const found = await placeOf(with_);
    if (samePlace(found, wanted)) guided += 1;
    else missed.push(`${prompt}: ${JSON.stringify({ wanted, found })}`);
    if (samePlace(await placeOf(await draw(server(), prompt, 31 + index, settings)), wanted)) free += 1;
  }
  expect({ guided, missed: guided >= 9 ? [] : missed }).toEqual({ guided, missed: [] });
  expect(free).toBeLessThanOrEqual(2);
});
