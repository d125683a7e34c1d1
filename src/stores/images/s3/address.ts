import { EngineError } from "#/lib/errors.ts";
import { isCleanName } from "../../images.ts";

/** A bucket, and what keys in it begin with: nothing, or a path with a slash at its end. */
export type BucketAddress = Readonly<{ bucket: string; prefix: string }>;

/** Names as Amazon allows them; others that speak S3 allow no more. */
const form = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:\/(.*))?$/;

/**
 * The bucket that the setting `pictures` names.
 *
 * @returns undefined where it names none: pictures lie in folders
 * @throws EngineError `bad-setting`
 */
export function bucketAddress(said: string): BucketAddress | undefined {
  const text = said.trim();
  if (text === "") return undefined;
  const [, bucket, path = ""] = form.exec(text) ?? [];
  const parts = path.replace(/\/$/, "").split("/");
  const isClean = path === "" || parts.every((part) => isCleanName(part));
  if (bucket !== undefined && isClean) return { bucket, prefix: path === "" ? "" : `${parts.join("/")}/` };
  // Whoever puts keys in there shall not find them in a log.
  const shown = text.includes("@") ? "an address with an @" : JSON.stringify(text);
  const message = `pictures is ${shown}; it takes s3://BUCKET or s3://BUCKET/PREFIX, or nothing for the folder of outputs. The keys are read from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, the server's address from s3_endpoint.`;
  throw new EngineError("bad-setting", message, { key: "pictures" });
}
