import { captionFile } from "./caption-file.ts";
import { detectorFile, samFile, samSizes } from "./detection-files.ts";
import type { ModelKind } from "./find-model.ts";
import { licenceOf } from "./licences.ts";
import { matteFile, matteModels, type Published } from "./matte-files.ts";
import { publishedFiles } from "./published-files.ts";
import { taggerFiles } from "./tagger-files.ts";

/** A file that is to be had from somebody: where it belongs, where it is, and what is known of it beforehand. */
export type Downloadable = Readonly<{
  folder: ModelKind;
  /** Relative to the kind's folder. */
  name: string;
  address: string;
  /** Its size, where its makers or installers say it. */
  bytes?: number;
  /** Lower-case hex digits, where they are known. */
  sha256?: string;
  /** Under which terms it is published, where that is known; else its page says it. */
  licence?: string;
}>;

const hub = "https://huggingface.co";
const misc = `${hub}/lllyasviel/misc/resolve/main`;
const others = `${hub}/mashb1t/misc/resolve/main`;
const favourites = `${hub}/lllyasviel/fav_models/resolve/main/fav`;
const moreFavourites = `${hub}/mashb1t/fav_models/resolve/main/fav`;
const stability = `${hub}/stabilityai`;
const fooocus = "https://raw.githubusercontent.com/lllyasviel/Fooocus/main/models";

type Row = readonly [
  folder: ModelKind,
  name: string,
  site: string,
  known?: Pick<Downloadable, "bytes" | "sha256">,
  file?: string,
];

/** Sizes and hashes as the files' hosts list them. */
const rows: readonly Row[] = [
  [
    "checkpoints",
    "juggernautXL_v8Rundiffusion.safetensors",
    favourites,
    {
      bytes: 7_105_348_592,
      sha256: "aeb7e9e6897a1e58b10494bd989d001e3d4bc9b634633cd7b559838f612c2867",
    },
  ],
  [
    "loras",
    "sd_xl_offset_example-lora_1.0.safetensors",
    `${stability}/stable-diffusion-xl-base-1.0/resolve/main`,
    { bytes: 49_553_604, sha256: "4852686128f953d0277d0793e2f0335352f96a919c9c16a09787d77f55cbdf6f" },
  ],
  [
    "checkpoints",
    "sd_xl_base_1.0_0.9vae.safetensors",
    `${stability}/stable-diffusion-xl-base-1.0/resolve/main`,
    {
      bytes: 6_938_078_334,
      sha256: "e6bb9ea85bbf7bf6478a7c6d18b71246f22e95d41bcdd80ed40aa212c33cfeff",
    },
  ],
  [
    "checkpoints",
    "sd_xl_refiner_1.0_0.9vae.safetensors",
    `${stability}/stable-diffusion-xl-refiner-1.0/resolve/main`,
    {
      bytes: 6_075_981_930,
      sha256: "8d0ce6c016004cbdacd50f937dad381d8c396628d621a7f97191470532780164",
    },
  ],
  [
    "checkpoints",
    "realisticStockPhoto_v20.safetensors",
    favourites,
    {
      bytes: 6_938_054_242,
      sha256: "f99f3dec38a09b4834a4a073bdc45aabd42b422b4d327f5e8001afcb5ffb5f45",
    },
  ],
  ["loras", "SDXL_FILM_PHOTOGRAPHY_STYLE_V1.safetensors", moreFavourites, { bytes: 912_593_164 }],
  ["checkpoints", "animaPencilXL_v500.safetensors", moreFavourites, { bytes: 6_938_041_144 }],
  ["checkpoints", "playground-v2.5-1024px-aesthetic.fp16.safetensors", moreFavourites],
  ["checkpoints", "ponyDiffusionV6XL.safetensors", moreFavourites, { bytes: 6_938_041_050 }],
  ["vae", "ponyDiffusionV6XL_vae.safetensors", moreFavourites, { bytes: 334_641_162 }],
  [
    "loras",
    "sdxl_lcm_lora.safetensors",
    misc,
    { bytes: 393_854_624, sha256: "c3dbf7eb26dd00ae6b6b95da69be9f1cb95a3b2c5bcf9be82323227a19b91329" },
  ],
  [
    "loras",
    "sdxl_lightning_4step_lora.safetensors",
    others,
    { bytes: 393_854_592, sha256: "bf56cf2657efb15e465d81402ed481d1e11c4677e4bcce1bc11fe71ad8506b79" },
  ],
  [
    "loras",
    "sdxl_hyper_sd_4step_lora.safetensors",
    others,
    { bytes: 787_359_648, sha256: "12f81a27d00a751a40d68fd15597091896c5a90f3bd632fb6c475607cbdad76e" },
  ],
  ["vae_approx", "xlvaeapp.pth", misc, { bytes: 213_777 }],
  ["vae_approx", "xl-to-v1_interposer-v4.0.safetensors", others, { bytes: 5_667_280 }],
  ["safety_checker", "stable-diffusion-safety-checker.bin", others, { bytes: 1_216_067_303 }],
  [
    "prompt_expansion",
    "fooocus_expansion/pytorch_model.bin",
    misc,
    { bytes: 351_283_802 },
    "fooocus_expansion.bin",
  ],
  ["prompt_expansion", "fooocus_expansion/merges.txt", `${fooocus}/prompt_expansion`],
  ["prompt_expansion", "fooocus_expansion/positive.txt", `${fooocus}/prompt_expansion`],
];

/** Hashes of files that other tables have. */
const hashes: Readonly<Record<string, string>> = {
  "fooocus_inpaint_head.pth": "32f7f838e0c6d8f13437ba8411e77a4688d77a2e34df8857e4ef4d51f6b97692",
  "inpaint_v26.fooocus.patch": "f8657a025104e22d70f9c060635d8e8c2196f433871a2f68dc40abd2171f0d59",
};

const ofRow = ([folder, name, site, known, file]: Row): Downloadable => ({
  folder,
  name,
  address: `${site}/${file ?? name}`,
  ...known,
});

const ofPublished = ({ name, folder, bytes, source }: Published): Downloadable => ({
  folder,
  name,
  address: source,
  bytes,
});

/** Every file whose address is known here. */
export const downloads: readonly Downloadable[] = [
  ...rows.map(ofRow),
  ...publishedFiles.map(([name, { folder, bytes, address }]) => ({
    folder,
    name,
    address,
    ...(bytes === undefined ? {} : { bytes }),
    ...(hashes[name] === undefined ? {} : { sha256: hashes[name] }),
  })),
  ...[captionFile, taggerFiles.network, taggerFiles.labels, detectorFile].map(ofPublished),
  ...samSizes.map((size) => ofPublished(samFile(size))),
  ...matteModels.map((model) => ofPublished(matteFile(model))),
].map(withLicence);

function withLicence(file: Downloadable): Downloadable {
  const licence = licenceOf(file.name);
  return licence === undefined ? file : { ...file, licence };
}

/**
 * A file whose address is known, by its name: relative to its folder, or the last part of that.
 *
 * @param folder where a file of another folder is not meant
 */
export const downloadOf = (name: string, folder?: ModelKind): Downloadable | undefined =>
  downloads.find(
    (one) =>
      (folder === undefined || one.folder === folder) && (one.name === name || one.name.endsWith(`/${name}`)),
  );

/** Where a file is fetched from, when the hub that most lie on has a mirror. */
export const mirrored = (address: string, mirror: string): string =>
  mirror !== "" && address.startsWith(`${hub}/`)
    ? `${mirror.replace(/\/+$/, "")}${address.slice(hub.length)}`
    : address;
