import { Type } from "@sinclair/typebox";

/** Settings of a server or a worker that is one of many: how it finds the others, and what it is called among them. */
export const fleetSettings = {
  fleet: Type.String({
    default: "",
    description:
      "Redis of a fleet (redis:// or rediss://), docs/scale.md: the server becomes one of its heads, and workers make the pictures. Empty: this machine makes them.",
  }),
  fleet_name: Type.String({
    default: "fooocusd",
    pattern: "^[A-Za-z0-9_-]{1,64}$",
    description: "Which fleet of that Redis: several may share one.",
  }),
  member_name: Type.String({
    default: "",
    pattern: "^[A-Za-z0-9._-]{0,64}$",
    description:
      "What this head or worker is called in its fleet; empty takes the machine's name and a random end. No two members may have the same.",
  }),
  lease_seconds: Type.Integer({
    default: 45,
    minimum: 5,
    maximum: 3600,
    description:
      "How long a worker of a fleet may say nothing before its task is given to another one. A Redis that is away for less costs no task its work.",
  }),
  metrics_port: Type.Integer({
    default: 0,
    minimum: 0,
    maximum: 65535,
    description:
      "Of a worker of a fleet: the port of its /metrics, /healthz and /readyz; 0 for none. A server has them on its own port.",
  }),
};
