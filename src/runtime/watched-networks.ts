import { type Stats, statSync } from "node:fs";
import { basename } from "node:path";
import { ModelError } from "#/lib/errors.ts";
import { filesOf, type ModelPaths } from "./job-files.ts";
import type { Networks } from "./models.ts";
import type { Vae } from "./vae.ts";

type Watched = Readonly<{ path: string; file: string; content: string }>;

/** Which file it is, and what changes when its content does. */
const fileOf = ({ dev, ino }: Stats): string => `${dev}:${ino}`;
const contentOf = ({ size, mtimeMs }: Stats): string => `${size}:${mtimeMs}`;

/** A job's files as they are before any of them is read. A file that is not there is left to whoever reads it. */
export function watchFiles(paths: ModelPaths): readonly Watched[] {
  return [...new Set(filesOf(paths))].flatMap((path) => {
    const stats = statSync(path, { throwIfNoEntry: false });
    return stats === undefined ? [] : [{ path, file: fileOf(stats), content: contentOf(stats) }];
  });
}

/**
 * Networks that notice when a file they are made of is overwritten in place. Weights are mapped, so such a file changes
 * under a network: the pictures would be made of both contents, and where it is shorter for a moment, the process dies.
 * A file that is replaced by another (`mv`) or deleted stays as it was for whoever has it open, and is no reason to fail.
 * The files are looked at before and after every run, some microseconds each.
 *
 * @param onOverwritten closes what is open; awaited before the error
 * @returns the same networks; they throw ModelError `file-unreadable` naming the file
 */
export function watchedNetworks(
  networks: Networks,
  files: readonly Watched[],
  onOverwritten: () => Promise<void>,
): Networks {
  const check = async (): Promise<void> => {
    const overwritten = files.find(isOverwritten);
    if (overwritten === undefined) return;
    await onOverwritten();
    const { path } = overwritten;
    const message =
      `${basename(path)} was overwritten while it was in use. Replace model files by mv: copy the new one beside ` +
      "it, then rename it. The task can be sent again.";
    throw new ModelError("file-unreadable", message, { path });
  };
  const { between, watched, walked } = watching(check);
  const watchedVae = ({ decode, encode, decodeByStrips, encodeByStrips }: Vae): Vae => ({
    decode: watched(decode),
    encode: watched(encode),
    decodeByStrips: walked(decodeByStrips),
    encodeByStrips: walked(encodeByStrips),
  });
  return {
    ...networks,
    language: () => {
      const model = networks.language();
      return { ...model, next: watched(model.next) };
    },
    textL: (...sections) => between(() => networks.textL(...sections)),
    textG: (...sections) => between(() => networks.textG(...sections)),
    unet: watched(networks.unet),
    tellTexts: watched(networks.tellTexts),
    controlNets: networks.controlNets.map(({ hint, tellTexts, residuals }) => ({
      hint: watched(hint),
      tellTexts: watched(tellTexts),
      residuals: watched(residuals),
    })),
    imagePrompts: networks.imagePrompts.map(({ ofPicture, ofNothing }) => ({
      ofPicture: watched(ofPicture),
      ofNothing: () => between(ofNothing),
    })),
    inpaintHead: watched(networks.inpaintHead),
    safety: watched(networks.safety),
    refiner: watchedRefiner(networks.refiner, { watched, watchedVae }),
    ...watchedVae(networks),
    preview: watched(networks.preview),
    upscaler: () => {
      const upscaler = networks.upscaler();
      return { ...upscaler, enlarge: walked(upscaler.enlarge) };
    },
    faces: watched(networks.faces),
    ask: (network, inputs) => between(() => networks.ask(network, inputs)),
  };
}

/** The model that takes over, watched like the others. */
function watchedRefiner(
  refiner: Networks["refiner"],
  { watched, watchedVae }: Pick<ReturnType<typeof watching>, "watched"> & { watchedVae: (vae: Vae) => Vae },
): Networks["refiner"] {
  if (refiner === undefined) return undefined;
  if (refiner.family !== "sd-1")
    return { ...refiner, unet: watched(refiner.unet), tellTexts: watched(refiner.tellTexts) };
  const { unet, convert, vae } = refiner;
  return { ...refiner, unet: watched(unet), convert: watched(convert), vae: watchedVae(vae) };
}

/** Ways to look, before and after it works, at the files of a network. */
function watching(check: () => Promise<void>) {
  const between = async <Answer>(run: () => Promise<Answer>): Promise<Answer> => {
    await check();
    try {
      return await run();
    } finally {
      // Also where it failed: weights that changed under it are the likelier reason.
      await check();
    }
  };
  return {
    between,
    watched:
      <Input, Answer>(run: (input: Input) => Promise<Answer>) =>
      (input: Input): Promise<Answer> =>
        between(() => run(input)),
    walked: <Input, Event>(walk: (input: Input) => AsyncIterable<Event>) =>
      async function* (input: Input): AsyncGenerator<Event, void, undefined> {
        await check();
        try {
          for await (const event of walk(input)) {
            await check();
            yield event;
          }
        } catch (thrown) {
          await check();
          throw thrown;
        }
      },
  };
}

function isOverwritten({ path, file, content }: Watched): boolean {
  const stats = statSync(path, { throwIfNoEntry: false });
  return stats !== undefined && fileOf(stats) === file && contentOf(stats) !== content;
}
