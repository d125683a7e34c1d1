import { basename } from "node:path";
import type { GenerateRequest } from "#/api/generate.ts";
import type { Catalog } from "#/catalog/catalog.ts";
import type { Examiner } from "#/catalog/examine.ts";
import type { ModelKind } from "#/catalog/find-model.ts";
import { interposerPath } from "#/catalog/interposer-path.ts";
import { clientSentence } from "#/lib/client-sentence.ts";
import { ModelError, RequestError } from "#/lib/errors.ts";
import { askedOtherwise, drawnAlone, scaledOtherwise } from "#/recipe/method-warnings.ts";
import { allPasses } from "#/recipe/pass-resolved.ts";
import type { Recipe } from "#/recipe/recipe.ts";
import type { Resolved } from "#/recipe/resolve.ts";
import { imagePromptsOf, partsOf, type Used } from "./used-parts.ts";

/** Where model files lie, and who looks at them. */
export type ModelShelf = Readonly<{ catalog: Pick<Catalog, "path">; examiner: Examiner }>;

/** What was seen: sentences for the record's warnings, and the first file that cannot be used. */
export type Examination = Readonly<{ notes: readonly string[]; fault?: Fault }>;

/** A file that cannot be used, and why. */
export type Fault = Readonly<{ used: Used; error: ModelError }>;

/** The files of a recipe, and for each LoRA, each further part and each textual inversion the field that chose it. */
export type ModelChoice = Readonly<{
  recipe: Pick<Recipe, "base" | "vae" | "parts" | "loras" | "inversions"> &
    Partial<Pick<Recipe, "patch" | "refiner" | "schedule" | "sampledAs" | "source" | "steps">>;
  loraFields: readonly string[];
  partFields?: readonly string[];
  inversionFields?: readonly string[];
}>;

/** What is made of models for a request: its images, and each pass of the enhancement whose files are others. */
export const choicesOf = (resolved: Resolved): readonly ModelChoice[] => [
  resolved,
  ...new Map(
    allPasses(resolved).map((pass) => {
      const { parts, patch, loras, inversions, refiner, source, steps } = pass.recipe;
      return [JSON.stringify([parts, patch, loras, inversions, refiner, source, steps]), pass];
    }),
  ).values(),
];

/** Looks at files in the order in which they depend on each other. Sentences name them as the API lists them. */
export function examineModels(choice: ModelChoice, shelf: ModelShelf): Examination {
  const looking = examination(choice, shelf);
  for (;;) {
    const next = looking.next();
    if (next.done === true) return next.value;
  }
}

/**
 * The same, letting others run between files that are looked at for the first time: five large LoRAs take some tenths
 * of a second. One request after the other, so that none overtakes another that came before it.
 */
export function examineInTurn(): (choice: ModelChoice, shelf: ModelShelf) => Promise<Examination> {
  let before: Promise<unknown> = Promise.resolve();
  const look = async (choice: ModelChoice, shelf: ModelShelf): Promise<Examination> => {
    const looking = examination(choice, shelf);
    for (let since = performance.now(); ; ) {
      const next = looking.next();
      if (next.done === true) return next.value;
      if (performance.now() - since < longestLook) continue;
      await new Promise((resolve) => setImmediate(resolve));
      since = performance.now();
    }
  };
  return (choice, shelf) => {
    const examined = before.then(() => look(choice, shelf));
    before = examined.catch(() => undefined);
    return examined;
  };
}

/** Milliseconds after which others have their turn. */
const longestLook = 5;

/** The files that every recipe may name, each with the field that chose it. */
function usedIn({ recipe, loraFields }: ModelChoice) {
  const base: Used = {
    kind: "checkpoints",
    what: "checkpoint",
    name: recipe.base,
    field: "base_model_name",
  };
  const vae: Used | undefined =
    recipe.vae === null ? undefined : { kind: "vae", what: "VAE", name: recipe.vae, field: "vae_name" };
  const refiner = refinerIn(recipe);
  const loras = recipe.loras.map(
    ({ name }, at): Used => ({ kind: "loras", what: "LoRA", name, field: loraFields[at] ?? "loras" }),
  );
  return { base, vae, refiner, loras };
}

/** Pauses after each file. */
function* examination(
  choice: ModelChoice,
  { catalog, examiner }: ModelShelf,
): Generator<void, Examination, undefined> {
  const { recipe } = choice;
  const { base, vae, refiner } = usedIn(choice);
  const names = new Map<string, string>();
  const pathOf = ({ kind, name }: Used): string => {
    const path = catalog.path(kind, name);
    if (path === undefined) throw new ModelError("file-unreadable", `${name} ${gone(kind)}.`, { name });
    names.set(path, name);
    return path;
  };
  const notes = new Set<string>();
  let used = base;
  let beside: readonly Used[] = [];
  const note = (said: readonly string[]): void => {
    for (const text of said.map((one) => listed(one, names)))
      notes.add(text.includes(used.name) ? text : `${used.name}: ${text}`);
  };
  try {
    const checkpoint = examiner.checkpoint(pathOf(base), recipe.sampledAs);
    note(checkpoint.notes);
    note(askedOtherwise(recipe, checkpoint.prediction));
    yield;
    used = vae ?? base;
    note(examiner.part("vae", vae === undefined ? undefined : pathOf(vae), checkpoint));
    if (refiner !== undefined) {
      yield;
      used = refiner;
      const beside = interposerPath((file) => catalog.path("vae_approx", file));
      const seen = examiner.refiner(pathOf(refiner), beside, checkpoint, recipe.refiner?.sampledAs);
      note(refinerNotes(recipe, checkpoint, seen));
    }
    for (const look of furtherLooks(choice, { examiner, pathOf, checkpoint })) {
      yield;
      used = look.used;
      beside = look.beside ?? [];
      note(look.notes());
    }
    return { notes: [...notes] };
  } catch (thrown) {
    if (!(thrown instanceof ModelError)) throw thrown;
    const { code, details } = thrown;
    const message = clientSentence({ code, message: listed(thrown.message, names), details });
    const blamed = beside.find(({ name }) => name === names.get(String(details["path"]))) ?? used;
    return {
      notes: [...notes],
      fault: { used: blamed, error: new ModelError(code, message, details, thrown) },
    };
  }
}

type Checkpoint = ReturnType<Examiner["checkpoint"]>;

/** With what the files are looked at that depend on the checkpoint. */
type Looking = Readonly<{
  examiner: Examiner;
  pathOf: (used: Used) => string;
  checkpoint: Checkpoint;
}>;

/** A file that is looked at, and those that are looked at with it. */
type Look = Readonly<{ used: Used; beside?: readonly Used[]; notes: () => readonly string[] }>;

/** Those files one by one, each when it is asked for. */
function furtherLooks(choice: ModelChoice, { examiner, pathOf, checkpoint }: Looking): readonly Look[] {
  const ofPart = ({ kind, used }: ReturnType<typeof partsOf>[number]): readonly string[] =>
    kind === "patch"
      ? examiner.patch(pathOf(used), checkpoint)
      : examiner.part(kind, pathOf(used), checkpoint);
  const ofPrompt = ({ adapter, tower, negative }: ReturnType<typeof imagePromptsOf>[number]): Look => ({
    used: adapter,
    beside: [tower, ...(negative === undefined ? [] : [negative])],
    notes: () => {
      const paths = {
        adapter: pathOf(adapter),
        tower: pathOf(tower),
        negative: negative && pathOf(negative),
      };
      return examiner.imagePrompt(paths, checkpoint);
    },
  });
  return [
    ...partsOf(choice).map((part) => ({ used: part.used, notes: () => ofPart(part) })),
    ...imagePromptsOf(choice).map(ofPrompt),
    ...usedIn(choice).loras.map((used) => ({ used, notes: () => examiner.lora(pathOf(used), checkpoint) })),
    ...inversionsOf(choice).map((used) => ({
      used,
      notes: () => examiner.inversion(pathOf(used), checkpoint),
    })),
  ];
}

/** What is to be told of a refiner beside its base model. */
function refinerNotes(recipe: ModelChoice["recipe"], base: Checkpoint, seen: Checkpoint): readonly string[] {
  const { notes, prediction, family } = seen;
  const answers = { base: base.prediction, refiner: prediction };
  return [
    ...notes,
    ...askedOtherwise({ ...recipe, base: recipe.refiner?.name ?? recipe.base }, prediction),
    // Stable Diffusion 1.x always starts from a clean latent.
    ...(family === "sd-1" ? drawnAlone(recipe) : scaledOtherwise(recipe, answers)),
  ];
}

function refinerIn({ refiner }: ModelChoice["recipe"]): Used | undefined {
  const name = refiner?.name ?? null;
  return name === null
    ? undefined
    : { kind: "checkpoints", what: "refiner", name, field: "refiner_model_name" };
}

const inversionsOf = ({ recipe, inversionFields = [] }: ModelChoice): readonly Used[] =>
  (recipe.inversions ?? []).map(({ said, name }, at) => {
    const field = inversionFields[at] ?? "prompt";
    const wayOut = `Take embedding:${said} out of ${field}, or name another.`;
    return { kind: "embeddings", what: "textual inversion", name, field, wayOut };
  });

/** A checkpoint, a VAE and a LoRA were among the names a moment ago; nobody asked for a part's. */
const gone = (kind: ModelKind): string =>
  ["checkpoints", "vae", "loras", "embeddings"].includes(kind)
    ? "is no longer there"
    : `is not in the ${kind} folder`;

/** A sentence with the names that clients know instead of this server's paths, and of real names behind links. */
function listed(text: string, names: ReadonlyMap<string, string>): string {
  const words = new Map(
    [...names].flatMap(
      ([path, name]) =>
        [
          [path, name],
          [basename(path), name],
        ] as const,
    ),
  );
  const quoted = [...words.keys()]
    .sort((a, b) => b.length - a.length)
    .map((word) => word.replace(/\W/g, "\\$&"));
  if (quoted.length === 0) return text;
  const whole = new RegExp(`(?<![\\w./-])(?:${quoted.join("|")})(?![\\w-])`, "g");
  return text.replace(whole, (word) => words.get(word) ?? word);
}

/** Who said what of a request: its own words, and those of the preset that it names. */
export type Said = Readonly<{ request: GenerateRequest; preset: GenerateRequest }>;

/**
 * Why a request cannot be made whose file cannot be used: names the field that chose it, and the way out.
 *
 * @returns RequestError `unusable-model`; `cause` in its details is the file's own error code
 */
export function unusableModel({ used, error }: Fault, said: Said): RequestError {
  const { what, name, field } = used;
  const key = fieldsThatChoose.find((candidate) => field.split(".")[0] === candidate);
  const details = { name, cause: error.code };
  const refusal = (message: string, at: string, value: string): RequestError =>
    new RequestError("unusable-model", message, { ...details, field: at, value }, error);
  if (key === undefined)
    return refusal(
      `${error.message} ${used.wayOut ?? `Leave ${field} out, or put a usable file in its place.`}`,
      field,
      name,
    );
  if (said.request[key] !== undefined)
    return refusal(`${error.message} ${used.wayOut ?? waysOut[key]}`, field, name);
  const yourself = `or say ${key} yourself${key === "loras" ? " ([] for none)" : ""}.`;
  if (said.preset[key] !== undefined) {
    const preset = said.request.preset ?? "";
    const message = `The preset ${preset} needs the ${what} ${name}, which cannot be used. ${error.message} Replace that file, ${yourself}`;
    return refusal(message, "preset", preset);
  }
  const message = `${defaultFault({ used, error })} Its operator can replace it, ${yourself}`;
  return refusal(message, key, name);
}

/** What is wrong with a file that nobody named. */
export const defaultFault = ({ used: { what, name }, error }: Fault): string =>
  `This server's default ${what} ${name} cannot be used. ${error.message}`;

const fieldsThatChoose = [
  "base_model_name",
  "refiner_model_name",
  "vae_name",
  "loras",
  "prompt",
  "negative_prompt",
  "style_selections",
  "performance_selection",
  "inpaint_engine",
] as const;

const waysOut: Readonly<Record<(typeof fieldsThatChoose)[number], string>> = {
  base_model_name: "Name another checkpoint in base_model_name.",
  refiner_model_name: "Name another refiner in refiner_model_name, or None.",
  vae_name: "Name another VAE in vae_name, or leave it out.",
  loras: "Take it out of loras, or name another.",
  prompt: "Take its <lora:...> tag out of prompt.",
  negative_prompt: "Take its name out of negative_prompt.",
  style_selections: "Take Fooocus V2 out of style_selections, or get the files of prompt expansion again.",
  inpaint_engine: 'Say inpaint_engine: "None", or get the file again.',
  performance_selection: "It is the LoRA of that performance_selection: choose another, or replace the file.",
};
