import { EngineError } from "#/lib/errors.ts";

/** What a server answered to a request for a bucket, or why it answered nothing. */
export type Refusal = Readonly<{
  bucket: string;
  /** Of the server. */
  host: string;
  /** What was asked for: `put`, `get`, `delete` or `list`. */
  doing: string;
  /** 0 where there was no answer. */
  status: number;
  /** As S3 or the system calls it; empty where the answer was none of S3's. */
  code: string;
  words: string;
  /** By how many seconds the clock here is ahead of the server's, as far as that said it; negative where it is behind. */
  clockAhead?: number;
}>;

/**
 * A refusal as an error, in one sentence with the way out; never with a key, nor with the address that was asked.
 *
 * @returns code `disk-full` where the server has no room; `storage-away` where it cannot be reached, or not now; else
 *   `storage-failed`
 */
export function bucketTrouble(refusal: Refusal): EngineError {
  const { bucket, host: bucketHost, status, code } = refusal;
  const passing = isPassingBy(refusal);
  const details = { bucket, bucketHost, status, code, passing };
  const kind = isFull(refusal) ? "disk-full" : passing ? "storage-away" : "storage-failed";
  const words = refusal.words.replace(/[.\s]+$/, "");
  return new EngineError(kind, sentence({ ...refusal, words }), details);
}

/** Whether it may go by itself: it is worth another try. */
export const isPassing = (thrown: unknown): boolean =>
  thrown instanceof EngineError && thrown.details.passing === true;

const isPassingBy = ({ status, code }: Refusal): boolean =>
  code !== missingKeys &&
  (status === 0 || [408, 409, 425, 429].includes(status) || (status >= 500 && status !== 501));

/** Bun's word for keys that it found nowhere. */
const missingKeys = "ERR_S3_MISSING_CREDENTIALS";

/** What servers say when they, or the quota of a bucket or of a user, are full. */
const isFull = ({ status, code }: Pick<Refusal, "status" | "code">): boolean =>
  status === 507 || ["XMinioStorageFull", "XMinioAdminBucketQuotaExceeded", "QuotaExceeded"].includes(code);

const wrongKeys = [
  "InvalidAccessKeyId",
  "SignatureDoesNotMatch",
  "InvalidToken",
  "ExpiredToken",
  "TokenRefreshRequired",
  "InvalidClientTokenId",
  "AuthFailure",
];
const wrongRegion = [
  "PermanentRedirect",
  "AuthorizationHeaderMalformed",
  "AuthorizationQueryParametersError",
];

/**
 * Seconds by which clocks may differ. A signed address that is over, or does not hold yet, is refused like keys without rights
 * (AccessDenied), in words that each server has of its own.
 */
const mostAhead = 240;

function sentence({ bucket, host, doing, status, code, words, clockAhead = 0 }: Refusal): string {
  const keys =
    "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (with AWS_SESSION_TOKEN, where the keys are for a time)";
  if (code === missingKeys)
    return `There are no keys for the bucket ${bucket} of the setting pictures; set ${keys} in the server's environment.`;
  if (status === 0)
    return `The bucket ${bucket} cannot be reached at ${host}: ${words}. Look whether the server runs there and s3_endpoint names it.`;
  if (wrongKeys.includes(code))
    return `${host} does not take the keys for the bucket ${bucket} (${code}); set ${keys} to keys that hold there.`;
  if (code === "RequestTimeTooSkewed" || (status === 403 && Math.abs(clockAhead) > mostAhead))
    return `${host} refuses what is signed here, since its clock ${differing(clockAhead)}; set the clocks.`;
  if (code === "NoSuchBucket")
    return `There is no bucket ${bucket} at ${host}; make it, or name another one in pictures.`;
  if (wrongRegion.includes(code))
    return `The bucket ${bucket} is in another region than is asked at ${host} (${code}: ${words}); set s3_region, and s3_endpoint where it has one.`;
  if (isFull({ status, code }))
    return `${host} has no room for more in the bucket ${bucket} (${code === "" ? status : code}); make room there, or raise its quota.`;
  if (status === 403 || code === "AccessDenied")
    return `${host} does not let these keys ${doing} in the bucket ${bucket} (${code === "" ? status : code}); give them the rights to put, get, delete and list there.`;
  if (code === "")
    return `${host} answered ${status} when it was to ${doing} in the bucket ${bucket}, and not as S3 does; look whether s3_endpoint is the address of the S3 API.`;
  return `${host} did not ${doing} in the bucket ${bucket} (${code}): ${words}. Look what that server says of it.`;
}

function differing(clockAhead: number): string {
  const minutes = Math.round(Math.abs(clockAhead) / 60);
  if (minutes === 0) return "differs from this machine's";
  return `is ${minutes} minutes ${clockAhead > 0 ? "behind" : "ahead of"} this machine's`;
}
