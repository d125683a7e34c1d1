import { createHmac } from "node:crypto";
import { safeFetch } from "#/outgoing/safe-fetch.ts";

export type WebhookOptions = Readonly<{
  /** Signs deliveries if not empty; `whsec_` and base64, or any text. */
  secret: string;
  /** For addresses that requests name. */
  allowPrivate: boolean;
  /** The operator's own address, which may be private. */
  own?: string;
}>;

/** One try at a webhook: where to, under which id, what. */
export type WebhookPost = Readonly<{ id: string; url: string; body: string }>;

/** For one try, from the name to the answer's header. */
const milliseconds = 15_000;

/**
 * Posts a webhook. What counts is the status: what a receiver says beyond it, and whether it ever ends, does not.
 *
 * @param now milliseconds since 1970, for the signature
 * @returns why it did not arrive, or nothing if it did
 */
export async function postWebhook(
  { id, url, body }: WebhookPost,
  { secret, allowPrivate, own }: WebhookOptions,
  now: number,
): Promise<string | undefined> {
  try {
    const { status } = await safeFetch(
      { url, method: "POST", headers: headersOf(id, body, secret, now), body, wants: "status" },
      { maxBytes: 0, milliseconds, redirects: 0, allowPrivate: allowPrivate || url === own },
    );
    return status >= 200 && status < 300 ? undefined : `status ${status}`;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

/** Standard Webhooks (https://www.standardwebhooks.com): HMAC-SHA256 of `id.timestamp.body`. */
function headersOf(id: string, body: string, secret: string, now: number): Record<string, string> {
  const timestamp = String(Math.floor(now / 1000));
  const headers = { "content-type": "application/json", "webhook-id": id, "webhook-timestamp": timestamp };
  if (secret === "") return headers;
  const key = secret.startsWith("whsec_")
    ? Buffer.from(secret.slice(6), "base64")
    : Buffer.from(secret, "utf8");
  const signature = createHmac("sha256", key).update(`${id}.${timestamp}.${body}`).digest("base64");
  return { ...headers, "webhook-signature": `v1,${signature}` };
}
