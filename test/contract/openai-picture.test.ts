import { expect, setDefaultTimeout, test } from "bun:test";
import { toFile } from "openai";
import sharp from "sharp";
import { demoServer } from "../support/demo-server.ts";
import { type Extra, openAiClient } from "../support/openai-client.ts";

/** The door for OpenAI's clients with the real engine on the demo model: what comes is what was asked for. */
setDefaultTimeout(300_000);

const server = demoServer();
const client = () => openAiClient({ url: server() });
const circle = { prompt: "a red circle on a white background", ...{ seed: 5 } };

const bytesOf = (base64: string | undefined) => Buffer.from(base64 ?? "", "base64");
const side = 32;
/** Red, green and blue of each of 32 x 32 places, 0 to 255. */
const seenIn = async (picture: Buffer) =>
  await sharp(picture).resize(side, side, { fit: "fill" }).removeAlpha().raw().toBuffer();
const middle = (pixels: Buffer) => {
  const [red = 0, green = 0, blue = 0] = pixels.subarray(3 * (side / 2) * (side + 1));
  return [red, green, blue] as const;
};
const difference = (one: Buffer, other: Buffer) =>
  one.reduce((sum, value, at) => sum + Math.abs(value - (other[at] ?? 0)), 0) / one.length;

/** A picture of quality medium, drawn once for all tests. */
const drawn = (() => {
  const known = new Map<string, Promise<readonly Buffer[]>>();
  const draw = async () => {
    const pictures: Buffer[] = [];
    const events = await client().images.generate({ ...circle, stream: true, partial_images: 2 });
    for await (const { b64_json } of events) pictures.push(bytesOf(b64_json));
    return pictures;
  };
  return async (): Promise<readonly Buffer[]> => {
    const all = known.get("circle") ?? draw();
    known.set("circle", all);
    return await all;
  };
})();

test("partial pictures show what the picture becomes, each better than the one before", async () => {
  const pictures = await drawn();
  expect(pictures).toHaveLength(3);
  const [early, late, made] = await Promise.all(pictures.map(seenIn));
  if (early === undefined || late === undefined || made === undefined)
    throw new Error("pictures are missing");
  const [red, green, blue] = middle(made);
  expect(red > 150 && green < 90 && blue < 90).toBe(true);
  expect(difference(late, made)).toBeLessThan(difference(early, made));
  expect(difference(early, made)).toBeLessThan(60);
});

test("a mask's transparent pixels are painted anew, and all others stay as they are", async () => {
  const picture = (await drawn()).at(-1) ?? Buffer.alloc(0);
  const { width, height } = await sharp(picture).metadata();
  const alpha = Buffer.alloc(width * height * 4, 255);
  const isIn = (pixel: number) =>
    Math.hypot((pixel % width) - width / 2, Math.floor(pixel / width) - height / 2) < width * 0.32;
  for (let pixel = 0; pixel < width * height; pixel += 1) if (isIn(pixel)) alpha[4 * pixel + 3] = 0;
  const mask = await sharp(alpha, { raw: { width, height, channels: 4 } })
    .png()
    .toBuffer();
  const answer = await client().images.edit({
    prompt: "a blue circle on a white background",
    image: await toFile(picture, "picture.png", { type: "image/png" }),
    mask: await toFile(mask, "mask.png", { type: "image/png" }),
    ...{ seed: 5 },
  });
  const edited = bytesOf(answer.data?.[0]?.b64_json);
  expect(String(answer.size)).toBe(`${width}x${height}`);
  const [red, , blue] = middle(await seenIn(edited));
  expect(blue).toBeGreaterThan(red + 60);
  const corner = async (one: Buffer) =>
    await sharp(one).extract({ left: 0, top: 0, width: 24, height: 24 }).removeAlpha().raw().toBuffer();
  expect(await corner(edited)).toEqual(await corner(picture));
});

test("a second picture guides: the demo has the files for it", async () => {
  const low = { quality: "low", response_format: "b64_json" } as const;
  const guide = await client().images.generate({ ...low, prompt: "a green heart on a yellow background" });
  const [picture, heart] = await Promise.all(
    [(await drawn()).at(-1) ?? Buffer.alloc(0), bytesOf(guide.data?.[0]?.b64_json)].map(
      async (bytes) => await toFile(bytes, "picture.png", { type: "image/png" }),
    ),
  );
  if (picture === undefined || heart === undefined) throw new Error("pictures are missing");
  const asked = { ...low, prompt: "a circle", ...{ seed: 5 } };
  const alone = await client().images.edit({ ...asked, image: picture });
  const guided = await client().images.edit({ ...asked, image: [picture, heart] });
  expect((guided as unknown as Extra).warnings?.join() ?? "").not.toContain("took no part");
  // The corner of the one is white, of the other yellow.
  const cornerOf = async (base64: string | undefined) => (await seenIn(bytesOf(base64))).subarray(0, 3);
  const [white, yellow] = [
    await cornerOf(alone.data?.[0]?.b64_json),
    await cornerOf(guided.data?.[0]?.b64_json),
  ];
  expect((white[2] ?? 0) - (yellow[2] ?? 255)).toBeGreaterThan(60);
});
