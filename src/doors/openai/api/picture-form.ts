import type { ImageWords, OutputFormat } from "./fields.ts";

/** How pictures are answered, and as what they are kept. */
export type PictureForm = Readonly<{
  url: boolean;
  data: boolean;
  format: OutputFormat;
  /** 1 to 100, where a picture is encoded for the answer. */
  quality?: number;
  /** A picture that is encoded for its answer is kept without loss: nothing is compressed twice. */
  kept: OutputFormat;
}>;

/** Both an address and the data where nothing is said: clients of today read the one, those of before the other. */
export function pictureForm(words: ImageWords): Readonly<{ form: PictureForm; warnings: readonly string[] }> {
  const { output_format: format = "png", output_compression: said, response_format: asked } = words;
  const data = asked !== "url" || words.stream === true;
  if (said === undefined)
    return { form: { url: asked !== "b64_json", data, format, kept: format }, warnings: [] };
  const why =
    format === "png" ? "PNG loses nothing" : data ? undefined : "what is kept for its URL is of quality 95";
  if (why !== undefined) {
    const warnings = [`output_compression ${said} was not used: ${why}.`];
    return { form: { url: asked !== "b64_json", data, format, kept: format }, warnings };
  }
  const form = { url: false, data, format, quality: Math.max(1, said), kept: "png" } as const;
  return { form, warnings: [] };
}
