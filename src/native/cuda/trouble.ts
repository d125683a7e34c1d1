import { inUnits } from "#/lib/in-units.ts";
import { type Card, cudaVersion } from "./driver-answer.ts";
import type { Wheel } from "./set.ts";

/** Something that keeps CUDA from being used. */
export type CudaTrouble = Readonly<
  | { kind: "other-system"; system: string }
  /** With the linker's words where its library is there and cannot be opened. */
  | { kind: "no-driver"; reason?: string }
  | { kind: "driver-failed"; call: string; code: number; words: string }
  | { kind: "driver-silent"; call: string; seconds: number }
  | { kind: "driver-crashed"; call: string; how: string }
  | {
      kind: "driver-old";
      version?: string;
      cuda: number;
      needs: Readonly<{ version?: string; cuda: number }>;
    }
  | { kind: "no-card"; hidden?: string }
  | { kind: "card-old"; name: string; capability: Card["capability"]; needs: Card["capability"] }
  | { kind: "card-small"; name: string; total: number; needs: number }
  | { kind: "card-full"; name: string; total: number; free: number; needs: number }
  | { kind: "not-there"; folder: string; wheels: readonly Wheel[] }
  | { kind: "library-missing"; folder: string; library: string; from: string }
  | { kind: "foreign-folder"; sentence: string }
  | { kind: "unreadable-folder"; folder: string; reason: string }
  | { kind: "library-unopened"; library: string; reason: string; lacks?: string }
  | { kind: "other-version"; folder: string; provider: string | undefined; runtime: string }
>;

/** Whether it is of the machine rather than of the libraries. */
export const isOfDriver = ({ kind }: CudaTrouble): boolean =>
  kind.startsWith("driver-") || kind.startsWith("card-") || kind === "no-driver" || kind === "no-card";

/** The commands that mend what is missing. */
export const waysToAdd = "fooocusd cuda add --fetch, or fooocusd cuda add FOLDER with the wheels in it";

/** What is the matter and the way out, in a sentence. */
export function troubleSentence(trouble: CudaTrouble): string {
  switch (trouble.kind) {
    case "other-system":
      return `CUDA's libraries are only known for Linux on x86-64, and this is ${trouble.system}: leave providers empty to work on the processor.`;
    case "no-driver":
      return trouble.reason === undefined
        ? "There is no NVIDIA driver (libcuda.so.1): install it with the system's package manager, or start the container with the card (docker run --gpus all)."
        : `NVIDIA's driver cannot be opened (${trouble.reason}): install it anew with the system's package manager.`;
    case "driver-failed":
      return `NVIDIA's driver does not work, ${trouble.call} answered ${trouble.code} (${trouble.words}): ${wayOutOf(trouble.code)}.`;
    case "driver-silent":
      return `NVIDIA's driver did not answer ${trouble.call} in ${trouble.seconds} s: see whether nvidia-smi does, or start the machine anew.`;
    case "driver-crashed":
      return `NVIDIA's driver, or a library of CUDA's, ended the process that tried it (${trouble.call}, ${trouble.how}): see whether nvidia-smi works, and whether fooocusd cuda --verify finds the libraries whole.`;
    case "driver-old":
      return `NVIDIA's driver is too old: it is ${driverOf(trouble)}, and these libraries need ${driverOf(trouble.needs)} or newer: update it.`;
    case "no-card":
      return trouble.hidden === undefined
        ? "NVIDIA's driver sees no card: look with nvidia-smi, or start the container with it (docker run --gpus all)."
        : `NVIDIA's driver shows no card, because CUDA_VISIBLE_DEVICES is ${JSON.stringify(trouble.hidden)}, as it is told or as an entry cuda:N of engines sets it: name a card that is there.`;
    case "card-old":
      return `The card ${trouble.name} is too old: its compute capability is ${trouble.capability.join(".")}, and these libraries hold code for ${trouble.needs.join(".")} and newer: set providers to cpu.`;
    case "card-small":
      return `The card ${trouble.name} has too little memory: ${inUnits(trouble.total)}, and networks need ${inUnits(trouble.needs)} at least: set providers to cpu.`;
    case "card-full":
      return `The card ${trouble.name} has too little memory free: ${inUnits(trouble.free)} of ${inUnits(trouble.total)}, and networks need ${inUnits(trouble.needs)} at least: end what else uses it (nvidia-smi names it).`;
    case "not-there":
      return `CUDA's libraries are not in ${trouble.folder}: ${waysToAdd}.`;
    case "library-missing":
      return `${trouble.library} is missing in ${trouble.folder}, and the system has none; it is in the wheel ${trouble.from}: ${waysToAdd}.`;
    case "foreign-folder":
      return trouble.sentence;
    case "unreadable-folder":
      return `CUDA's libraries cannot be looked for in ${trouble.folder}: ${trouble.reason}. Name a folder that this user may read with cuda_libraries, or leave that empty.`;
    case "library-unopened":
      return trouble.lacks === undefined
        ? `${trouble.library} could not be opened (${trouble.reason}): see whether fooocusd cuda --verify finds it whole, and put it right with ${waysToAdd}.`
        : `${trouble.library} could not be opened, since the system lacks ${trouble.lacks}, which it needs: install that with the system's package manager.`;
    case "other-version":
      return `The CUDA provider in ${trouble.folder} is of ONNX Runtime ${trouble.provider ?? "(an unknown version)"}, and this program has ${trouble.runtime}: take it from the wheel onnxruntime-gpu ${trouble.runtime}, or leave cuda_libraries empty.`;
  }
}

/** What helps against failures of the driver that have names of their own (`CUresult` in cuda.h). */
function wayOutOf(code: number): string {
  switch (code) {
    case 803:
      return "its halves in the kernel and in the system are of different versions, so start the machine anew";
    case 804:
      return "remove the package cuda-compat, which is for other cards, or update the driver";
    default:
      return "see whether nvidia-smi works, and start the machine anew if it does not";
  }
}

const driverOf = ({ version, cuda }: Readonly<{ version?: string; cuda: number }>): string =>
  version === undefined ? `one for CUDA ${cudaVersion(cuda)}` : `${version} (CUDA ${cudaVersion(cuda)})`;
