import type { ModelKind } from "./find-model.ts";

/** A file that Fooocus fetches when a request first needs it: where it belongs, how large it is, and where it is to be had. */
export type PublishedFile = Readonly<{
  folder: ModelKind;
  /** Undefined where nobody has said. */
  bytes: number | undefined;
  address: string;
}>;

const misc = "https://huggingface.co/lllyasviel/misc/resolve/main";
const inpaint = "https://huggingface.co/lllyasviel/fooocus_inpaint/resolve/main";
const faces = "https://github.com/xinntao/facexlib/releases/download/v0.1.0";

const from =
  (site: string, folder: ModelKind) =>
  (name: string, bytes?: number): readonly [string, PublishedFile] => [
    name,
    { folder, bytes, address: `${site}/${name}` },
  ];
const control = from(misc, "controlnet");
const ofHole = from(inpaint, "inpaint");

/** These files with their names. */
export const publishedFiles: readonly (readonly [string, PublishedFile])[] = [
  control("control-lora-canny-rank128.safetensors", 395_733_680),
  control("fooocus_xl_cpds_128.safetensors", 395_706_528),
  control("ip-adapter-plus_sdxl_vit-h.bin", 1_013_454_427),
  control("ip-adapter-plus-face_sdxl_vit-h.bin", 1_013_454_761),
  control("fooocus_ip_negative.safetensors", 65_616),
  from(faces, "controlnet")("detection_Resnet50_Final.pth", 109_497_761),
  from(misc, "clip_vision")("clip_vision_vit_h.safetensors", 1_972_298_538),
  from(misc, "upscale_models")("fooocus_upscaler_s409985e5.bin", 33_636_613),
  ofHole("fooocus_inpaint_head.pth", 52_602),
  ofHole("inpaint.fooocus.patch"),
  ofHole("inpaint_v25.fooocus.patch", 2_580_722_369),
  ofHole("inpaint_v26.fooocus.patch", 1_323_362_033),
];

const published: ReadonlyMap<string, PublishedFile> = new Map(publishedFiles);

/** What is known of such a file; undefined for any other. */
export const publishedFile = (name: string): PublishedFile | undefined => published.get(name);

/** A file's name, and how large it is where that is known: `a.bin (1.01 GB)`. */
export function withSize(name: string): string {
  const bytes = published.get(name)?.bytes;
  return bytes === undefined ? name : `${name} (${sizeText(bytes)})`;
}

const units = [
  { unit: "GB", bytes: 1e9, digits: 2 },
  { unit: "MB", bytes: 1e6, digits: 0 },
  { unit: "kB", bytes: 1e3, digits: 0 },
] as const;

function sizeText(bytes: number): string {
  const scale = units.find((one) => bytes >= one.bytes);
  return scale === undefined
    ? `${bytes} bytes`
    : `${(bytes / scale.bytes).toFixed(scale.digits)} ${scale.unit}`;
}
