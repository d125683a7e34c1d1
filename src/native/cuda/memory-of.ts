import type { CudaLook } from "./look.ts";

/** Bytes of the card that networks run on, the first that CUDA sees; undefined where the driver names none. */
export const memoryOf = ({ driver }: Pick<CudaLook, "driver">): number | undefined =>
  driver?.kind === "answers" ? driver.cards[0]?.total : undefined;
