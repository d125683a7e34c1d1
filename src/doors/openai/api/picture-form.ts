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

/**
 * As OpenAI's models answer that a request names: those of before with an address, all others with the data. Never with both: there
 * are clients that take the address where there is one, and may not fetch what is in their own network.
 */
export function pictureForm(words: ImageWords): Readonly<{ form: PictureForm; warnings: readonly string[] }> {
  const {
    output_format: format = "png",
    output_compression: said,
    model = "",
    partial_images: partials,
  } = words;
  const usual = /^dall-e\b/.test(model) ? "url" : "b64_json";
  const url = (words.response_format ?? usual) === "url";
  const data = !url || words.stream === true;
  const asIs = { url, data, format, kept: format } as const;
  const ofPartials =
    words.stream === true || partials === undefined || partials === 0
      ? []
      : [`partial_images ${partials} was not used: only a stream shows them.`];
  if (said === undefined) return { form: asIs, warnings: ofPartials };
  const why =
    format === "png" ? "PNG loses nothing" : data ? undefined : "what is kept for its URL is of quality 95";
  if (why !== undefined)
    return { form: asIs, warnings: [...ofPartials, `output_compression ${said} was not used: ${why}.`] };
  const form = { url: false, data, format, quality: Math.max(1, said), kept: "png" } as const;
  return { form, warnings: ofPartials };
}
