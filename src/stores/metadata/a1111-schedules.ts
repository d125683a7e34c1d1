import { a1111Samplers } from "./a1111.ts";

/** What `Sampler` and `Schedule type` say, in our words; a name that means nothing here stays what it is. */
export type Method = Readonly<{ sampler?: string; scheduler?: string }>;

/** Names of schedules in that family of programs, in lower case and without blanks; of ours where they are the same. */
const schedules: Readonly<Record<string, string>> = {
  karras: "karras",
  exponential: "exponential",
  sgmuniform: "sgm_uniform",
  simple: "simple",
  normal: "normal",
  // Timesteps at equal distances, the first and the last included: Fooocus' `normal`.
  uniform: "normal",
  ddim: "ddim_uniform",
  turbo: "turbo",
  alignyoursteps: "align_your_steps",
  ays: "align_your_steps",
};

/** Schedules as part of a sampler's name: the way before `Schedule type`, and of programs that kept it. */
const suffix = / (karras|exponential|sgm ?uniform|simple|normal|uniform|turbo|ays)$/i;

/** Names that are read and never written: those of the reference stay as they are there. */
const more: Readonly<Record<string, string>> = {
  "dpm++ 3m sde": "dpmpp_3m_sde_gpu",
  ddpm: "ddpm",
  "unipc bh2": "uni_pc_bh2",
  "heun++": "heunpp2",
  heunpp2: "heunpp2",
};

/** Samplers whose own schedule (`Automatic`) is another than `uniform`. */
const ownSchedules: Readonly<Record<string, string>> = {
  dpmpp_2m: "karras",
  dpmpp_sde_gpu: "karras",
  dpmpp_2m_sde_gpu: "exponential",
  dpmpp_2s_ancestral: "karras",
  dpm_2: "karras",
  dpm_2_ancestral: "karras",
  restart: "karras",
  dpmpp_3m_sde_gpu: "exponential",
};

/** Samplers that walk timesteps there and have no schedule to choose. */
const unscheduled: readonly string[] = ["ddim", "uni_pc", "uni_pc_bh2", "lcm", "tcd", "ddpm", "dpm_adaptive"];

/**
 * How a picture of the A1111 web UI and its relatives was sampled.
 *
 * @param sampler  the value of `Sampler`, such as `DPM++ 2M Karras`
 * @param schedule the value of `Schedule type`, which newer ones write beside it; or of Fooocus' own `Scheduler`
 */
export function methodOf(sampler: string | undefined, schedule: string | undefined): Method {
  const inName = sampler === undefined ? undefined : suffix.exec(sampler)?.[1];
  const ours = sampler === undefined ? undefined : samplerOf(sampler.replace(suffix, ""));
  const said = (schedule ?? inName)?.trim();
  const scheduler = scheduleOf(said, ours);
  return {
    ...(ours === undefined ? {} : { sampler: ours }),
    ...(scheduler === undefined ? {} : { scheduler }),
  };
}

/** Before there was `Schedule type`, a name without a schedule meant `uniform`. */
function scheduleOf(said: string | undefined, sampler: string | undefined): string | undefined {
  const known = said?.toLowerCase().replaceAll(" ", "");
  if (known !== undefined && known !== "" && known !== "automatic") return schedules[known] ?? said;
  const isKnown =
    sampler !== undefined && (Object.hasOwn(a1111Samplers, sampler) || sampler === more["dpm++ 3m sde"]);
  if (!isKnown || unscheduled.includes(sampler)) return undefined;
  return known === "automatic" ? (ownSchedules[sampler] ?? "normal") : "normal";
}

/** Several of ours may bear one name there; the one whose noise follows the GPU is the one that is usual here. */
function samplerOf(name: string): string {
  const wanted = name.trim().toLowerCase();
  const ours = Object.keys(a1111Samplers).filter((key) => a1111Samplers[key]?.toLowerCase() === wanted);
  return ours.find((key) => key.endsWith("_gpu")) ?? ours[0] ?? more[wanted] ?? name;
}
