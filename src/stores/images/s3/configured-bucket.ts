import type { Config } from "#/config/schema.ts";
import { EngineError } from "#/lib/errors.ts";
import { bucketAddress } from "./address.ts";
import { type Bucket, openBucket } from "./bucket.ts";

/** Which settings say where a bucket is. */
export type BucketConfig = Pick<Config, "pictures" | "s3_endpoint" | "s3_region">;

/**
 * The bucket that the settings name, with the keys of the environment; nothing is asked of it yet.
 *
 * @returns undefined where they name none
 * @throws EngineError `bad-setting`
 */
export function configuredBucket({
  pictures,
  s3_endpoint,
  s3_region: region,
}: BucketConfig): Bucket | undefined {
  const address = bucketAddress(pictures);
  const endpoint = s3_endpoint.trim();
  // Bun leaves out what is before an @, and takes what has no scheme for https.
  if (endpoint !== "" && !/^https?:\/\/[^/@?#\s]+(?:\/[^@?#\s]*)?$/.test(endpoint)) {
    const message =
      "s3_endpoint is the address of a server with http:// or https:// before it and nothing but a path behind it; keys are read from AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.";
    throw new EngineError("bad-setting", message, { key: "s3_endpoint" });
  }
  return address === undefined ? undefined : openBucket({ ...address, endpoint, region });
}
