import { networks } from "#/networks/index.ts";
import type { Tensor } from "#/tensor/tensor.ts";
import type { Ask } from "./ask.ts";
import type { IntTensor } from "./session.ts";

/** Token ids [77] and where the end token is -> the encoder's answer. */
export type TextEncoder = (ids: readonly number[]) => Promise<Readonly<{ hidden: Tensor; pooled?: Tensor }>>;

const endToken = 49407;

/** SDXL's two encoders, asked with token ids. */
export const textEncoders = (ask: Ask): Readonly<{ textL: TextEncoder; textG: TextEncoder }> => ({
  textL: (ids) => ask(networks["text-l"], { ids: whole([1, ids.length], ids) }),
  textG: (ids) =>
    ask(networks["text-g"], {
      ids: whole([1, ids.length], ids),
      end: whole([1], [Math.max(0, ids.indexOf(endToken))]),
    }),
});

const whole = (dims: readonly number[], numbers: readonly number[]): IntTensor => ({
  dims,
  data: BigInt64Array.from(numbers, BigInt),
});
