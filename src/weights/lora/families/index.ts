import { boftPeft } from "./boft-peft.ts";
import { difference } from "./difference.ts";
import type { Family } from "./family.ts";
import { glora } from "./glora.ts";
import { ia3 } from "./ia3.ts";
import { loha } from "./loha.ts";
import { lokr } from "./lokr.ts";
import { oft } from "./oft.ts";
import { oftPeft } from "./oft-peft.ts";

/** Every family but LoRA itself, which is read as pairs of factors (`factors.ts`). */
export const families: readonly Family[] = [loha, lokr, difference, glora, ia3, oft, oftPeft, boftPeft];
