import { Counter, type Registry } from "prom-client";
import type { WebhookOutcome } from "#/tasks/delivery/webhook.ts";

export type WebhookMeter = (outcome: WebhookOutcome) => void;

const outcomes: readonly WebhookOutcome[] = ["delivered", "failed", "given-up"];

/** What became of posts to webhooks. */
export function webhookMeter(registry: Registry): WebhookMeter {
  const posts = new Counter({
    name: "fooocusd_webhooks_total",
    help: "Posts to webhooks: delivered, failed (and tried again later), given-up (the last try failed too).",
    labelNames: ["outcome"],
    registers: [registry],
  });
  for (const outcome of outcomes) posts.inc({ outcome }, 0);
  return (outcome) => posts.inc({ outcome });
}
