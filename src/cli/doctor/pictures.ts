import type { Config } from "#/config/schema.ts";
import { configuredBucket } from "#/stores/images/s3/configured-bucket.ts";
import { tryBucket } from "#/stores/images/s3/try-bucket.ts";
import type { Finding } from "./finding.ts";

/** Whether the bucket of pictures can be used, where the settings name one. */
export async function* picturesFinding(config: Config): AsyncGenerator<Finding, void, undefined> {
  const what = "pictures";
  try {
    const bucket = configuredBucket(config);
    if (bucket === undefined) return;
    const can = await tryBucket(bucket);
    const found = `${config.pictures} can be written, read and listed`;
    const mend =
      "Its server replaces what has a name: every picture gets a number of its own behind the name it was to have.";
    yield can.onlyNew ? { what, level: "good", found } : { what, level: "weak", found, mend };
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    yield {
      what,
      level: "fault",
      found: reason,
      mend: "docs/deployment.md#pictures-in-s3 says what is set where.",
    };
  }
}
