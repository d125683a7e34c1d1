import { isObject } from "./values.ts";

type Fields = Readonly<Record<string, unknown>>;

const pictures = [
  "uov_input_image",
  "inpaint_input_image",
  "inpaint_mask_image_upload",
  "enhance_input_image",
  "cn_img",
];

/** A request in which pictures that are named as the server's inputs folder has them are addresses of this server. */
export function ownAddresses(request: Fields): Fields {
  const named = Object.entries(request).map(([field, value]) => {
    if (field === "controlnet_image" && Array.isArray(value))
      return [field, value.map((slot: unknown) => (isObject(slot) ? ownAddresses(slot) : slot))] as const;
    const isName = pictures.includes(field) && typeof value === "string" && /^[^\s/:]+\.\w+$/.test(value);
    return [field, isName ? new URL(`inputs/${value}`, document.baseURI).href : value] as const;
  });
  return Object.fromEntries(named);
}
