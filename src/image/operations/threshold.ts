import type { Picture } from "../greymap.ts";
import { likePicture } from "./like-picture.ts";

/** 255 where a value is larger than the limit, else 0. Masks are cut at 127. */
export function threshold<P extends Picture>(picture: P, limit = 127): P {
  return likePicture(
    picture,
    picture,
    picture.data.map((value) => (value > limit ? 255 : 0)),
  );
}
