import { writeJson } from "#/api/json.ts";
import type { FrontDoor } from "#/routes/door.ts";
import { headerKeys } from "#/routes/http/auth.ts";
import { storedRecord } from "../fooocus-api/record.ts";
import { doorName } from "./names.ts";
import { refusalBody } from "./refusal-body.ts";
import { mcpRoute } from "./route.ts";

/** The Model Context Protocol over Streamable HTTP, for programs that let language models use tools (docs/mcp.md). */
export const mcpDoor = (): FrontDoor => ({
  name: doorName,
  // Who asked is a model: told which names there are, it asks again.
  unknownNames: "refused",
  fileStem: () => undefined,
  webhookBody: (task) => writeJson(storedRecord(task)),
  tags: [{ name: "MCP", description: "The Model Context Protocol: tools for language models" }],
  keysOf: headerKeys,
  paths: {},
  refusalBody,
  routes: mcpRoute,
});
