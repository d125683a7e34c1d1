import { useState } from "preact/hooks";
import type { StartingPicture } from "./starting-picture.ts";

/** Puts into the prompt what a picture shows; ends when it is there, or said why not. */
export type Describe = (picture: StartingPicture, type: "Photo" | "Anime") => Promise<void>;

type DescribeButtonsProps = Readonly<{ picture: StartingPicture; describe: Describe }>;

const kinds = [
  ["Photo", "as a photo"],
  ["Anime", "as a drawing"],
] as const;

/** A button for each way to describe the picture: in a sentence, in tags. It takes some seconds, more on the first time. */
export function DescribeButtons({ picture, describe }: DescribeButtonsProps) {
  const [asked, setAsked] = useState<string>();
  const ask = (type: "Photo" | "Anime") => {
    setAsked(type);
    void describe(picture, type).finally(() => setAsked(undefined));
  };
  return (
    <div class="row">
      <p class="named hint">Describe it in the prompt</p>
      {kinds.map(([type, label]) => (
        <button
          key={type}
          type="button"
          class="small"
          disabled={asked !== undefined}
          aria-busy={asked === type}
          onClick={() => ask(type)}
        >
          {asked === type ? "Describing …" : `Describe ${label}`}
        </button>
      ))}
    </div>
  );
}
