import type { TaskId } from "#/lib/task-id.ts";
import { keptImageOf } from "#/stores/images.ts";
import type { Addresses } from "./addresses.ts";

/**
 * Where the small version of a picture is; the picture's own address for what is no output. It names the task: a file's name may
 * come again after a deletion, this address does not, so who has fetched it need not ask again.
 */
export function thumbnailAddress(url: string, task: TaskId, { base }: Addresses): string {
  const kept = keptImageOf(url);
  if (kept === undefined) return url;
  const [folder, name] = [kept.folder, kept.name].map(encodeURIComponent);
  return `${base}/thumbnails/${folder}/${name}?task=${task}`;
}
