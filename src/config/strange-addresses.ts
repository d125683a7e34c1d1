import { EngineError } from "#/lib/errors.ts";
import { isNothing } from "#/lib/nothing.ts";

/** Every address that clients are given would be broken. */
export function refuseStrangeBase(base: string): void {
  const named = base.trim();
  if (named === "" || URL.canParse(/^[a-z]+:\/\//i.test(named) ? named : `http://${bracketed(named)}`))
    return;
  const message = `base_url cannot be ${JSON.stringify(base)}; it takes a URL, host:port or a host.`;
  throw new EngineError("bad-setting", message, { key: "base_url" });
}

/** Every webhook of a request that names none would be lost. Words for nothing are nothing, as in a request. */
export function refuseStrangeWebhook(address: string): void {
  if (isNothing(address) || /^https?:$/.test(URL.parse(address)?.protocol ?? "")) return;
  const message = `webhook_url cannot be ${JSON.stringify(address)}; it takes an address that begins with http:// or https://.`;
  throw new EngineError("bad-setting", message, { key: "webhook_url" });
}

const bracketed = (name: string): string =>
  /^[\da-f]*:[\da-f:]*:[\da-f]*$/i.test(name) ? `[${name}]` : name;

/** Every file would be looked for in vain. */
export function refuseStrangeMirror(address: string): void {
  if (address === "" || /^https?:$/.test(URL.parse(address)?.protocol ?? "")) return;
  const message = `hf_mirror cannot be ${JSON.stringify(address)}; it takes an address that begins with http:// or https://.`;
  throw new EngineError("bad-setting", message, { key: "hf_mirror" });
}
