import { expect, test } from "bun:test";
import { RequestError } from "#/lib/errors.ts";
import { type WebhookRules, webhookAddress } from "#/tasks/delivery/webhook-address.ts";

const rules = (changes: Partial<WebhookRules> = {}): WebhookRules => ({
  own: "http://10.0.0.1/own",
  allowPrivate: false,
  resolve: async (host) => [{ address: host === "inside.example" ? "10.1.2.3" : "93.184.216.34", family: 4 }],
  ...changes,
});

/** The address, or the code of the refusal. */
async function taken(said: string | null, changes: Partial<WebhookRules> = {}): Promise<string> {
  try {
    const { url, checked } = webhookAddress(said, rules(changes));
    await checked;
    return url;
  } catch (thrown) {
    if (!(thrown instanceof RequestError)) throw thrown;
    expect(thrown.details.field).toBe("webhook_url");
    return thrown.code;
  }
}

test("a name that stands for a private address is refused like the address", async () => {
  expect(await taken("https://inside.example/hook")).toBe("unreachable-url");
  expect(await taken("https://outside.example/hook")).toBe("https://outside.example/hook");
  expect(await taken("https://inside.example/hook", { allowPrivate: true })).toBe(
    "https://inside.example/hook",
  );
  // Of several addresses one is enough: nobody knows which will be called.
  const both = [
    { address: "93.184.216.34", family: 4 },
    { address: "fd00::1", family: 6 },
  ];
  expect(await taken("https://both.example/", { resolve: async () => both })).toBe("unreachable-url");
});

test("a name that the system does not know at once is left to the delivery", async () => {
  const started = performance.now();
  const never = { resolve: () => new Promise<never>(() => undefined) };
  expect(await taken("https://slow.example/", never)).toBe("https://slow.example/");
  expect(performance.now() - started).toBeLessThan(20_000);
  const unknown = { resolve: () => Promise.reject(new Error("ENOTFOUND")) };
  expect(await taken("https://unknown.example/", unknown)).toBe("https://unknown.example/");
});

test("what can never be posted to is refused, what is nothing is the operator's", async () => {
  for (const said of ["hook", "ftp://a.example/", "http://", "http://user:word@outside.example/"])
    expect([said, await taken(said)]).toEqual([said, "invalid-value"]);
  for (const said of [null, "", "string", "None"]) expect(await taken(said)).toBe("http://10.0.0.1/own");
  expect(await taken("http://10.0.0.1/own")).toBe("http://10.0.0.1/own");
  expect(await taken("http://10.0.0.2/own")).toBe("unreachable-url");
});
