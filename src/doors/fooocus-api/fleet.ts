import { Elysia } from "elysia";
import { FleetAnswer, FleetSteered } from "#/api/fleet-answers.ts";
import { InvalidRequest } from "#/api/issues.ts";
import { jsonAnswer, refusalAnswer } from "#/api/openapi.ts";
import { RequestError } from "#/lib/errors.ts";
import { jsonReply } from "#/routes/http/replies.ts";
import type { FleetDesk, FleetView, SteerWord } from "#/tasks/fleet/fleet-view.ts";

const words: Readonly<Record<SteerWord, true>> = { drain: true, remove: true, pause: true, resume: true };
const away = refusalAnswer("The fleet's Redis cannot be reached.");

/** The fleet of this server: who is in it and what waits, and words to its workers. */
export const fleetRoutes = ({ fleet }: Readonly<{ fleet?: FleetDesk }>) =>
  new Elysia({ name: "doors/fooocus-api/fleet" })
    .get("/v1/fleet", async (): Promise<Response> => jsonReply(wireFleet(await deskOf(fleet).look())), {
      detail: {
        tags: ["Query"],
        operationId: "fleet",
        summary: "The heads and workers of a fleet, and what waits for whom",
        responses: {
          200: jsonAnswer(FleetAnswer),
          404: refusalAnswer("This server is in no fleet."),
          503: away,
        },
      },
    })
    .post(
      "/v1/fleet/:member_id/:action",
      async ({ params }): Promise<Response> => {
        const desk = deskOf(fleet);
        const word = wordOf(params.action);
        await desk.steer(params.member_id, word);
        return jsonReply({ id: params.member_id, action: word });
      },
      {
        parse: "none",
        detail: {
          tags: ["Tasks"],
          operationId: "steer_worker",
          summary:
            "Pause or resume a worker of a fleet, or have it leave: after its tasks (drain), or at once (remove)",
          responses: {
            200: jsonAnswer(FleetSteered, "The worker was told; what it does is seen in GET /v1/fleet."),
            404: refusalAnswer("There is no such member, or no fleet."),
            409: refusalAnswer("It is a head, or about to leave."),
            503: away,
          },
        },
      },
    );

/** @throws RequestError `unknown-member` where this server is in no fleet */
function deskOf(fleet: FleetDesk | undefined): FleetDesk {
  if (fleet !== undefined) return fleet;
  const message =
    "This server is in no fleet: it makes its pictures itself. The setting fleet names the Redis of one (docs/scale.md).";
  throw new RequestError("unknown-member", message);
}

/** @throws InvalidRequest for another word */
function wordOf(text: string): SteerWord {
  const known = Object.keys(words).find((word): word is SteerWord => word === text);
  if (known !== undefined) return known;
  const msg = "Value error, action takes one of drain, remove, pause, resume";
  throw new InvalidRequest([{ type: "value_error", loc: ["path", "action"], msg, input: text.slice(0, 64) }]);
}

const wireFleet = ({ members, waiting, counts, paused }: FleetView) => ({
  ...counts,
  paused,
  members: members.map(({ lostAt, engines, ...member }) => ({
    ...member,
    lost_at: lostAt,
    engines: engines.map(({ task, device, ...engine }) => ({
      ...engine,
      device: device === "" ? null : device,
      task_id: task,
    })),
  })),
  waiting: waiting.map(({ checkpoint, needs, tasks, since, why }) => ({
    checkpoint,
    needs,
    tasks,
    since,
    why,
  })),
});
