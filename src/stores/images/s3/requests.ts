import type { BucketAddress } from "./address.ts";
import { bucketTrouble, type Refusal } from "./trouble.ts";

/** Where a bucket is, and with which keys. */
export type BucketPlace = BucketAddress &
  Readonly<{
    /** Start of its server's address; empty for Amazon's, or what S3_ENDPOINT says. */
    endpoint: string;
    /** Empty for what AWS_REGION says, or us-east-1. */
    region: string;
    /** Those of the environment where there are none here. */
    keys?: Readonly<{ accessKeyId: string; secretAccessKey: string }>;
    /** Milliseconds for an answer, and more for what is sent or read; another one in tests. */
    patience?: number;
  }>;

export type Method = "GET" | "HEAD" | "PUT" | "DELETE";

/** An answer that was read to its end. */
export type Answer = Readonly<{ status: number; headers: Headers; bytes: Uint8Array }>;

type Sent = Readonly<{ body?: Uint8Array<ArrayBuffer>; headers?: Readonly<Record<string, string>> }>;

/** One request for each thing that is asked of a bucket. */
export type Requests = Readonly<{
  /** @throws EngineError `storage-away` where nothing comes, or what was cut off; every status is an answer */
  send: (method: Method, key: string, sent?: Sent) => Promise<Answer>;
  /** A page of what there is, in the order of the keys. @throws EngineError of a store */
  list: (prefix: string, token: string | undefined) => Promise<Bun.S3ListObjectsResponse>;
  /** What an answer refuses, as an error. */
  refusal: (method: Method, answer: Answer) => Error;
}>;

/** Seconds for which a signed address holds: a request is sent at once. */
const expiresIn = 300;

const usualPatience = 30_000;

/** Milliseconds more for what is sent, at 100 kB a second; as often as long for what is read, whose size nobody knows. */
const perByte = 1000 / 100_000;
const readsLonger = 6;

const verbs = { GET: "get", HEAD: "get", PUT: "put", DELETE: "delete" } as const;

/**
 * Requests of Bun's S3 client. It signs and lists; what it signs is sent here, since the client can neither send a condition
 * (`If-None-Match`) nor be told to wait no longer, and gives no status.
 */
export function requestsTo({
  bucket,
  endpoint,
  region,
  keys,
  patience = usualPatience,
}: BucketPlace): Requests {
  const client = new Bun.S3Client({
    bucket,
    ...keys,
    ...(endpoint === "" ? {} : { endpoint }),
    ...(region === "" ? {} : { region }),
    retry: 0,
  });
  const signer = { client, bucket, patience };
  return {
    send: (method, key, sent = {}) => send(signer, method, key, sent),
    list: (prefix, token) => list(signer, prefix, token),
    refusal: (method, { status, headers, bytes }) => {
      const text = new TextDecoder().decode(bytes.subarray(0, 4096));
      const code = /<Code>([^<]{1,100})<\/Code>/.exec(text)?.[1] ?? "";
      const words = /<Message>([^<]{1,300})<\/Message>/.exec(text)?.[1] ?? `status ${status}`;
      const asked = { bucket, host: hostOf(signer), doing: verbs[method] };
      return bucketTrouble({ ...asked, status, code, words, clockAhead: aheadOf(headers.get("date")) });
    },
  };
}

type Signer = Readonly<{ client: Bun.S3Client; bucket: string; patience: number }>;

async function send(
  signer: Signer,
  method: Method,
  key: string,
  { body, headers = {} }: Sent,
): Promise<Answer> {
  const url = signed(signer, method, key);
  const { patience } = signer;
  const most = method === "GET" ? patience * readsLonger : patience + (body?.length ?? 0) * perByte;
  try {
    const signal = AbortSignal.timeout(most);
    const answer = await fetch(url, { method, headers, signal, redirect: "manual", ...(body && { body }) });
    const bytes = await answer.bytes();
    const length = method === "GET" ? answer.headers.get("content-length") : null;
    if (length !== null && Number(length) !== bytes.length) throw new Error("the answer was cut off");
    return { status: answer.status, headers: answer.headers, bytes };
  } catch (thrown) {
    throw unanswered(thrown, { bucket: signer.bucket, host: new URL(url).host, doing: verbs[method] });
  }
}

async function list(
  signer: Signer,
  prefix: string,
  continuationToken: string | undefined,
): Promise<Bun.S3ListObjectsResponse> {
  const asked = { bucket: signer.bucket, host: hostOf(signer), doing: "list" };
  try {
    const page = { prefix, ...(continuationToken === undefined ? {} : { continuationToken }) };
    return await within(signer.patience, signer.client.list(page));
  } catch (thrown) {
    const code = codeOf(thrown);
    if (!(thrown instanceof Error) || thrown.name !== "S3Error" || code in unreached)
      throw unanswered(thrown, asked);
    throw bucketTrouble({ ...asked, status: statusOf(code), code, words: thrown.message });
  }
}

/** An address that holds for one request, and for a moment. */
function signed({ client, bucket }: Signer, method: Method, key: string): string {
  try {
    return client.presign(key, { method, expiresIn });
  } catch (thrown) {
    throw unanswered(thrown, { bucket, host: "nowhere", doing: verbs[method] });
  }
}

const hostOf = (signer: Signer): string => new URL(signed(signer, "GET", "x")).host;

const unanswered = (thrown: unknown, asked: Pick<Refusal, "bucket" | "host" | "doing">): Error =>
  bucketTrouble({ ...asked, status: 0, code: codeOf(thrown), words: wordsOf(thrown) });

/** By how many seconds the clock here is ahead of a server's; 0 where that says nothing. */
const aheadOf = (date: string | null): number => {
  const ahead = (Date.now() - Date.parse(date ?? "")) / 1000;
  return Number.isFinite(ahead) ? Math.round(ahead) : 0;
};

/** The list of a client tells no status; what it says of no answer at all. */
const unreached: Readonly<Record<string, true>> = {
  ConnectionRefused: true,
  ConnectionClosed: true,
  ConnectionReset: true,
  Timeout: true,
  FailedToOpenSocket: true,
};

const statusOf = (code: string): number =>
  ["SlowDown", "InternalError", "ServiceUnavailable", "UnknownError"].includes(code) ? 503 : 400;

/** The system's or S3's code; an address that was asked, with its signature, is in nothing that is taken from an error. */
const codeOf = (thrown: unknown): string =>
  thrown instanceof Error && "code" in thrown && typeof thrown.code === "string" ? thrown.code : "";

const wordsOf = (thrown: unknown): string =>
  codeOf(thrown) ||
  (thrown instanceof Error ? (thrown.name === "Error" ? thrown.message : thrown.name) : "no answer");

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new DOMException("no answer in time", "TimeoutError")), milliseconds);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
