import { Elysia } from "elysia";
import { writeJson } from "#/api/json.ts";
import type { DoorParts, FrontDoor } from "#/routes/door.ts";
import { headerKeys } from "#/routes/http/auth.ts";
import { controlRoute } from "./control.ts";
import { enginesRoutes } from "./engines.ts";
import { fleetRoutes } from "./fleet.ts";
import { generateRoute } from "./generate.ts";
import { historyRoutes } from "./history.ts";
import type { LiveLimits } from "./live/limits.ts";
import { liveRoute } from "./live.ts";
import { queueRoutes } from "./queue.ts";
import { recipesRoutes } from "./recipes.ts";
import { storedRecord } from "./record.ts";
import { refusalBody } from "./refusal-body.ts";
import { taskControlRoutes } from "./task-control.ts";
import { taskEventsRoutes } from "./task-events.ts";
import { tasksRoutes } from "./tasks.ts";
import { type DescribeForm, toolsRoutes } from "./tools.ts";

export type FooocusApiOptions = Readonly<{
  /** The reference posts its record as JSON inside a JSON string. */
  webhookText: boolean;
  /** How a form asks for the description of a picture: another API's way, at the same address. */
  describeForm: DescribeForm;
  liveLimits?: LiveLimits;
}>;

/** The main door: FooocusAPI's routes, and what is ours beyond them, the live channel above all. */
export const fooocusApiDoor = ({ webhookText, describeForm, ...live }: FooocusApiOptions): FrontDoor => ({
  name: "fooocus-api",
  unknownNames: "refused",
  fileStem: () => undefined,
  webhookBody: (task) => {
    const record = writeJson(storedRecord(task));
    return webhookText ? JSON.stringify(record) : record;
  },
  // The first two names are the reference's.
  tags: [
    { name: "GenerateV1", description: "Make pictures, and what pictures are good for" },
    { name: "Query", description: "Tasks, files, models and styles" },
    { name: "Tasks", description: "End and delete tasks by their name" },
    { name: "Live", description: "Follow and steer" },
  ],
  keysOf: headerKeys,
  // A browser can say the key of a WebSocket in a message only, so the live channel asks for it by itself.
  paths: { open: ["/v1/live"] },
  refusalBody,
  routes: (parts: DoorParts) =>
    new Elysia({ name: "doors/fooocus-api" })
      .use(generateRoute(parts))
      .use(tasksRoutes(parts))
      .use(recipesRoutes(parts))
      .use(taskEventsRoutes(parts))
      .use(liveRoute({ ...parts, ...live }))
      .use(taskControlRoutes(parts))
      .use(historyRoutes(parts))
      .use(queueRoutes(parts))
      .use(controlRoute(parts))
      .use(enginesRoutes(parts))
      .use(fleetRoutes(parts))
      .use(toolsRoutes({ ...parts, describeForm })),
});
