import type { Config } from "#/config/schema.ts";
import type { FrontDoors } from "#/routes/door.ts";
import { a1111Door } from "./a1111/door.ts";
import { type FooocusApiOptions, fooocusApiDoor } from "./fooocus-api/door.ts";
import { legacyDescribe } from "./legacy/describe.ts";
import { legacyDoor } from "./legacy/door.ts";
import { mcpDoor } from "./mcp/door.ts";
import { openAiDoor } from "./openai/door.ts";

/** What the doors read of the configuration. */
export type DoorConfig = Pick<Config, "webhook_text" | "persistent">;

/**
 * The table of doors: every API by which tasks come in, one line each. The first is the main door.
 *
 * @param limits of the live channel, where they are not the usual ones
 */
export const doorTable = (
  { webhook_text: webhookText, persistent }: DoorConfig,
  limits: Pick<FooocusApiOptions, "liveLimits"> = {},
): FrontDoors => [
  fooocusApiDoor({ webhookText, describeForm: legacyDescribe, ...limits }),
  legacyDoor({ persistent }),
  a1111Door,
  openAiDoor,
  mcpDoor(),
];
