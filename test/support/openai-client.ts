import OpenAI, { type ClientOptions } from "openai";
import type { ServedBench } from "./served-bench.ts";

/** OpenAI's own client, pointed at a bench; it sends nothing again unless it is told to. */
export const openAiClient = ({ url }: Pick<ServedBench, "url">, options: ClientOptions = {}): OpenAI =>
  new OpenAI({ apiKey: "any", baseURL: `${url}/v1`, maxRetries: 0, ...options });

/** A small request: four steps, 64 x 64. */
export const smallImage = { prompt: "a circle", size: "64x64" } as const;

/** Fields of ours, which the client's types do not know and hands on. */
export const ownFields = { steps: 4, seed: 7, styles: [] };

/** What we answer beyond OpenAI's fields. */
export type Extra = Readonly<{ warnings?: readonly string[]; task_id: string; model: string }>;

/** An error as a client sees it. */
export async function refusalOf(asked: Promise<unknown>) {
  const thrown = await asked.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!(thrown instanceof OpenAI.APIError)) throw new Error(`was not refused: ${String(thrown)}`);
  const { status, type, param, code, message } = thrown;
  return { status, type, param, code, message };
}
