import { RequestError } from "#/lib/errors.ts";
import { likelyNames, nearestNames } from "#/lib/nearest-names.ts";
import { methodOf } from "#/stores/metadata/a1111-schedules.ts";

/** A sampler as A1111 calls it, with the other names that it has there. */
type Named = Readonly<{ name: string; aliases: readonly string[] }>;

const named = (name: string, ...aliases: string[]): Named => ({ name, aliases });

/** The samplers of A1111 that are here, in its order. */
export const samplers: readonly Named[] = [
  named("DPM++ 2M", "k_dpmpp_2m"),
  named("DPM++ SDE", "k_dpmpp_sde"),
  named("DPM++ 2M SDE", "k_dpmpp_2m_sde"),
  named("DPM++ 2S a", "k_dpmpp_2s_a"),
  named("DPM++ 3M SDE", "k_dpmpp_3m_sde"),
  named("Euler a", "k_euler_a", "k_euler_ancestral"),
  named("Euler", "k_euler"),
  named("LMS", "k_lms"),
  named("Heun", "k_heun"),
  named("DPM2", "k_dpm_2"),
  named("DPM2 a", "k_dpm_2_a"),
  named("DPM fast", "k_dpm_fast"),
  named("DPM adaptive", "k_dpm_ad"),
  named("Restart", "restart"),
  named("HeunPP2", "heunpp2"),
  named("DDIM", "ddim"),
  named("UniPC", "unipc"),
  named("LCM", "k_lcm"),
  named("TCD", "tcd"),
  named("DDPM", "ddpm"),
];

/** A schedule as A1111 lists it, and what it is here. */
export type Schedule = Readonly<{
  name: string;
  label: string;
  aliases: readonly string[] | null;
  rho: number;
  needsModel: boolean;
  ours: string;
}>;

const schedule = (
  [name, label, ours]: readonly [name: string, label: string, ours: string],
  { rho = -1, needsModel = false, aliases }: Partial<Schedule> = {},
): Schedule => ({ name, label, ours, rho, needsModel, aliases: aliases ?? null });

/** The schedules of A1111 that are here, in its order. */
export const schedules: readonly Schedule[] = [
  schedule(["automatic", "Automatic", ""]),
  schedule(["uniform", "Uniform", "normal"], { needsModel: true }),
  schedule(["karras", "Karras", "karras"], { rho: 7 }),
  schedule(["exponential", "Exponential", "exponential"]),
  // With its own exponent of 1 it is the same.
  schedule(["polyexponential", "Polyexponential", "exponential"], { rho: 1 }),
  schedule(["sgm_uniform", "SGM Uniform", "sgm_uniform"], { needsModel: true, aliases: ["SGMUniform"] }),
  schedule(["align_your_steps", "Align Your Steps", "align_your_steps"]),
  schedule(["simple", "Simple", "simple"], { needsModel: true }),
  schedule(["normal", "Normal", "normal"], { needsModel: true }),
  schedule(["ddim", "DDIM", "ddim_uniform"], { needsModel: true }),
  schedule(["turbo", "Turbo", "turbo"], { needsModel: true }),
];

/** Samplers that walk timesteps of their own there, whatever schedule is named. */
const ownTimesteps: Readonly<Record<string, string>> = {
  ddim: "ddim_uniform",
  uni_pc: "normal",
  ddpm: "normal",
  lcm: "lcm",
  tcd: "tcd",
};

/** A sampler and its schedule, in A1111's words and ours. */
export type Method = Readonly<{
  said: string;
  label: string;
  sampler: string;
  schedule: string;
  warnings: readonly string[];
}>;

const spellings = ({ label, name, aliases }: Schedule): readonly string[] => [
  label,
  name,
  ...(aliases ?? []),
];

/**
 * How a request's pictures are sampled. A schedule at the end of a sampler's name wins, as in A1111; `Automatic` is the
 * sampler's own.
 *
 * @param sampler  nothing takes A1111's own default of its API
 * @param schedule nothing is `Automatic`
 * @param fields   what the request calls them
 * @throws RequestError `unknown-model` for what is not there, with the nearest names
 */
export function readMethod(
  sampler: string | null,
  schedule: string | null,
  fields: Readonly<{ sampler: string; schedule: string }> = {
    sampler: "sampler_name",
    schedule: "scheduler",
  },
): Method {
  const { rest, inName } = cut(sampler?.trim() || "Euler");
  const known = samplers.find(({ name, aliases }) => [name, ...aliases].some((one) => same(one, rest)));
  if (known === undefined)
    throw unknown(
      "sampler",
      sampler ?? "",
      samplers.map(({ name }) => name),
      fields.sampler,
    );
  const wanted = inName ?? scheduleCalled(schedule?.trim() || "automatic", fields.schedule);
  const own = methodOf(known.name, "automatic");
  const ours = own.sampler ?? known.name;
  const fixed = ownTimesteps[ours];
  const automatic = wanted.name === "automatic";
  return {
    said: known.name,
    label: wanted.label,
    sampler: ours,
    schedule: fixed ?? (automatic ? (own.scheduler ?? "normal") : wanted.ours),
    warnings:
      fixed === undefined || automatic
        ? []
        : [
            `${known.name} walks timesteps of its own: the schedule ${wanted.label} was not used, as in A1111.`,
          ],
  };
}

/** Samplers that choose their steps themselves, between two ends. */
const ownSteps: readonly string[] = ["dpm_fast", "dpm_adaptive"];

/**
 * How pictures that begin with noise are sampled: there those samplers walk from one end of the model to the other, and no
 * schedule counts, which could end far from a picture. Where a picture is drawn over they take the schedule's ends, as here.
 */
export function fromNoise(method: Method): Method {
  const { said, label, sampler } = method;
  if (!ownSteps.includes(sampler)) return method;
  const told = `${said} chooses its own steps: the schedule ${label} was not used, as in A1111.`;
  return { ...method, schedule: "normal", warnings: label === "Automatic" ? [] : [told] };
}

const same = (one: string, other: string): boolean => one.toLowerCase() === other.toLowerCase();

/** A sampler's name without the schedule at its end. */
function cut(name: string): Readonly<{ rest: string; inName?: Schedule }> {
  for (const one of schedules)
    for (const ending of spellings(one))
      if (name.toLowerCase().endsWith(` ${ending.toLowerCase()}`))
        return { rest: name.slice(0, -(ending.length + 1)), inName: one };
  return { rest: name };
}

function scheduleCalled(name: string, field: string): Schedule {
  const known = schedules.find((one) => spellings(one).some((spelling) => same(spelling, name)));
  if (known !== undefined) return known;
  throw unknown(
    "scheduler",
    name,
    schedules.map(({ label }) => label),
    field,
  );
}

function unknown(what: string, name: string, names: readonly string[], field: string): RequestError {
  const likely = likelyNames(name, names);
  const near = (likely.length === 0 ? nearestNames(name, names) : likely).join(", ");
  const said = name.slice(0, 100);
  const message = `${what === "sampler" ? "Sampler" : "Scheduler"} not found: there is no ${what} called ${JSON.stringify(said)} here; similar: ${near}.`;
  return new RequestError("unknown-model", message, { field, value: said });
}
