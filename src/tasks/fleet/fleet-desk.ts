import type { Fleet } from "#/fleet/fleet.ts";
import type { Member } from "#/fleet/roll.ts";
import { RequestError } from "#/lib/errors.ts";
import type { FleetMembers } from "./fleet-members.ts";
import type { FleetDesk, FleetView, SeenLine, SeenMember, SteerWord } from "./fleet-view.ts";
import type { LostWorker } from "./lost-workers.ts";
import { whyWaiting } from "./why-waiting.ts";

/** The desk of a fleet, for a head or for who has none at hand. */
export function fleetDesk(
  fleet: Pick<Fleet, "lines" | "roll" | "inboxes" | "flags">,
  members: FleetMembers,
): FleetDesk {
  return {
    look: async () => {
      const [waiting, paused] = await Promise.all([seenLines(fleet, members), fleet.flags.get("paused")]);
      return viewOf(members, waiting, paused);
    },
    steer: async (id, word) => {
      // The roll itself, not what was seen of it: who came a moment ago can be told.
      const member = (await fleet.roll.members()).find((one) => one.id === id);
      refuse(id, member, members.lost, word);
      await fleet.inboxes.send(id, { type: word });
    },
  };
}

/** What waits, by the files that it needs. @throws EngineError `fleet-unavailable` */
export async function seenLines(
  { lines }: Pick<Fleet, "lines">,
  members: FleetMembers,
): Promise<readonly SeenLine[]> {
  return (await lines.fronts()).map((first) => ({
    line: first.line,
    checkpoint: first.info.checkpoint,
    needs: first.info.needs,
    tasks: first.waiting,
    since: first.since,
    why: whyWaiting(first, members) ?? null,
  }));
}

function viewOf(members: FleetMembers, waiting: readonly SeenLine[], paused: boolean): FleetView {
  const there = members.all.map((member) => seen(member, null));
  const lost = members.lost.map(({ member, at }) => seen(member, at));
  const all = [...there, ...lost].toSorted((a, b) => (a.id < b.id ? -1 : 1));
  return { members: all, waiting, counts: members.counts, paused };
}

/** What runs on an engine of a lost worker is another's by now. */
const seen = (member: Member, lostAt: number | null): SeenMember => {
  const { id, role, host, version, state, startedAt, engines, facts } = member;
  const { leads, ...rates } = facts;
  return {
    id,
    role,
    host,
    version,
    state: lostAt === null ? state : "lost",
    since: startedAt,
    lostAt,
    leads: leads === true,
    engines: lostAt === null ? engines : engines.map((engine) => ({ ...engine, task: null })),
    rates,
  };
};

/** @throws RequestError for who is not there, and for what it cannot do */
function refuse(
  id: string,
  member: Member | undefined,
  lost: readonly LostWorker[],
  word: SteerWord,
): asserts member is Member {
  if (member === undefined) {
    const isLost = lost.some((one) => one.member.id === id);
    const message = isLost
      ? `The worker ${id} was lost, and cannot be told anything; its tasks are given to others by themselves.`
      : `There is no member ${id.slice(0, 64)} in this fleet; GET /v1/fleet lists who is there.`;
    throw new RequestError("unknown-member", message);
  }
  if (member.role === "head")
    throw new RequestError(
      "conflict",
      `${id} is a head: it makes no pictures, so there is nothing to ${word}; a head is ended by a signal to its process.`,
    );
  if (member.state === "draining" && word === "pause")
    throw new RequestError(
      "conflict",
      `${id} is about to leave and takes nothing more; resume it first, if it is to stay.`,
    );
}
