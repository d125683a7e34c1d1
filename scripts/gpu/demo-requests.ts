import sharp from "sharp";
import { drawScene } from "../../test/support/draw-scene.ts";

/** Fields of a request. */
type Request = Readonly<Record<string, unknown>>;

/** A picture as requests bring it. */
const asText = (png: Uint8Array): string => `data:image/png;base64,${Buffer.from(png).toString("base64")}`;

async function scene(side: number): Promise<string> {
  const still = { width: side, height: side, x: side / 2, y: side / 2, radius: side / 5, turn: 0 };
  const colours = { background: [250, 220, 40], foreground: [220, 30, 35] };
  const { width, height, data } = await drawScene(
    { ...still, ...colours, shape: "star", blur: 0.6, noise: 0 },
    () => 0.5,
  );
  return asText(
    await sharp(data, { raw: { width, height, channels: 3 } })
      .png()
      .toBuffer(),
  );
}

/** White in the middle. */
async function middleMask(side: number): Promise<string> {
  const hole = { width: side / 2, height: side / 2, channels: 3, background: "white" } as const;
  const white = await sharp({ create: hole }).png().toBuffer();
  const black = sharp({ create: { width: side, height: side, channels: 3, background: "black" } });
  return asText(
    await black
      .composite([{ input: white }])
      .png()
      .toBuffer(),
  );
}

/** One request for each way to a picture that the demo model has files for, by its name. */
export async function demoRequests(side: number, steps: number): Promise<Readonly<Record<string, Request>>> {
  const plain = {
    prompt: "a green square on a blue background",
    image_seed: 7,
    style_selections: [],
    overwrite_step: steps,
    aspect_ratios_selection: `${side}*${side}`,
    disable_preview: true,
  };
  const picture = await scene(side);
  const guided = (type: string): Request => ({
    ...plain,
    controlnet_image: [{ cn_img: picture, cn_type: type }],
  });
  return {
    text: plain,
    "text, LoRA of four steps": { ...plain, performance_selection: "Lightning", overwrite_step: 4 },
    "edges (Control-LoRA)": guided("PyraCanny"),
    "image prompt": guided("ImagePrompt"),
    inpaint: {
      ...plain,
      inpaint_input_image: picture,
      inpaint_mask_image_upload: await middleMask(side),
    },
    outpaint: {
      ...plain,
      inpaint_input_image: picture,
      outpaint_selections: ["Left"],
      outpaint_distance: [64, 0, 0, 0],
    },
    upscale: { ...plain, uov_input_image: picture, uov_method: "Upscale (1.5x)" },
    vary: { ...plain, uov_input_image: picture, uov_method: "Vary (Strong)" },
  };
}
