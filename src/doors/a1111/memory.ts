import { freemem, totalmem } from "node:os";
import type { JsonObject } from "#/api/json.ts";

/** Memory in bytes: of the machine, and what this process has of it; the engine's is its own. */
export const memoryTold = (): JsonObject => ({
  ram: { free: freemem(), used: process.memoryUsage.rss(), total: totalmem() },
  cuda: { error: "unavailable" },
});
