import type { Progress } from "#/tasks/life-cycle/task.ts";

/** What the reference downloads for a mode when it starts; ours are there, or the request was refused. */
const components: Readonly<Record<string, string>> = { "Extreme Speed": "LCM" };

const sentences = {
  expansion: (image: number) => `Preparing Fooocus text #${image + 1} ...`,
  positive: (image: number) => `Encoding positive #${image + 1} ...`,
  negative: (image: number) => `Encoding negative #${image + 1} ...`,
} as const;

const latents = {
  start: "VAE encoding ...",
  holes: "VAE Inpaint encoding ...",
  refiner: "VAE SD15 encoding ...",
} as const;

type Said = Omit<Progress, "preview" | "percent">;

/**
 * FooocusAPI's sentence for a moment of a task (http-api section 10). Its clients compare them, so they are said where
 * nothing is downloaded or moved, too.
 */
export function sentenceOf({ moment, image, images, step, steps }: Said): string {
  switch (moment.now) {
    case "mode":
      return `Downloading ${components[moment.mode] ?? moment.mode} components ...`;
    case "upscalers":
      return "Downloading upscale models ...";
    case "inpainter":
      return "Downloading inpainter ...";
    case "controls":
      return "Downloading control models ...";
    case "files":
      return "Loading control models ...";
    case "engine":
      return "Initializing ...";
    case "networks":
    case "coding":
      return "Loading models ...";
    case "prompts":
      return "Processing prompts ...";
    case "part":
      return sentences[moment.texts](image);
    case "expansion":
    case "positive":
    case "negative":
      return sentences[moment.now](image);
    case "pictures":
      return "Image processing ...";
    case "upscaling":
      return `Upscaling image from (${moment.width}, ${moment.height}) ...`;
    case "latent":
      return latents[moment.gives];
    case "sampling":
      return "Moving model to GPU ...";
    case "image":
      return `Preparing task ${image + 1}/${images} ...`;
    case "step":
      return `Sampling step ${step}/${moment.of}, image ${image + 1}/${images} ...`;
    case "decoding":
      // The reference says nothing while it decodes: the last step's sentence stands.
      return `Sampling step ${step}/${steps}, image ${image + 1}/${images} ...`;
    case "checking":
      return "Checking for NSFW content ...";
    case "saving":
      return `Saving image ${image + 1}/${images} to system ...`;
    case "saving-picture":
      return "Saving image to system ...";
    case "enhance":
      return "Processing enhance ...";
    case "enhancement":
      return `Preparing enhancement ${image + 1}/${images} ...`;
    case "enhance-prompts":
      return "Preparing enhance prompts ...";
    case "mask":
      return "Loading ...";
  }
}

/** Our own channels' sentence: theirs, but for what they have none for. */
export function ownSentenceOf(progress: Said): string {
  const { moment, image, images } = progress;
  if (moment.now === "coding") return `Writing weights in 8 bits ${moment.done + 1}/${moment.of} ...`;
  if (moment.now !== "decoding") return sentenceOf(progress);
  const strip = moment.of === 1 ? "" : ` strip ${moment.done + 1}/${moment.of},`;
  return `Decoding${strip} image ${image + 1}/${images} ...`;
}
