import type { CallToolResult, Tool as ListedTool } from "@modelcontextprotocol/server";
import type { JsonObject } from "#/api/json.ts";
import type { Addresses } from "#/routes/answers/addresses.ts";
import type { DoorParts } from "#/routes/door.ts";

/** What answers are made with, for one client. */
export type Answering = Readonly<{ parts: DoorParts; addresses: Addresses }>;

/** A call of a tool: what it is answered with, and what its client can be told meanwhile. */
export type Call = Answering &
  Readonly<{
    /** Of the HTTP request, for the log. */
    requestId: string | undefined;
    /** The client takes the call back. */
    cancelled: AbortSignal;
    /** Nobody listens any more; that alone ends nothing. */
    gone: AbortSignal;
    /** Whether the client takes a handle of a task in place of the result. */
    takesTask: boolean;
    /** Tells how far the work is; nothing happens where nobody asked. */
    tell: (progress: Progress) => Promise<void>;
  }>;

/** How far a job is, in hundredths, and a sentence. */
export type Progress = Readonly<{ percent: number; message: string }>;

/** A tool: what clients are told of it, and what it does. */
export type Tool = Readonly<{
  listed: ListedTool;
  /**
   * @param given its arguments, unchecked
   * @throws InvalidRequest, AppError: told as the result of the call, so that a model can mend what it asked
   */
  call: (given: JsonObject, call: Call) => Promise<CallToolResult>;
}>;
