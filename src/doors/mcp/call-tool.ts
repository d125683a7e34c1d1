import { type CallToolResult, ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import { InvalidRequest } from "#/api/issues.ts";
import type { JsonObject } from "#/api/json.ts";
import { clientSentence } from "#/lib/client-sentence.ts";
import { AppError, toWireError } from "#/lib/errors.ts";
import type { Call } from "./call.ts";
import { toolNames, tools } from "./tools.ts";

/**
 * Calls a tool by its name. What is wrong with its arguments, or goes wrong on the way, is a result that says so: a model reads
 * results, and asks again in a better way; errors of the protocol are for the program around it.
 *
 * @throws ProtocolError for a tool that nobody knows
 */
export async function callTool(name: string, given: unknown, call: Call): Promise<CallToolResult> {
  const tool = tools.find(({ listed }) => listed.name === name);
  if (tool === undefined) {
    const sentence = `There is no tool ${JSON.stringify(name.slice(0, 100))}; there are ${toolNames.join(", ")}.`;
    throw new ProtocolError(ProtocolErrorCode.InvalidParams, sentence);
  }
  try {
    // The reader of bodies made it, which knows nothing but JSON.
    return await tool.call(given as JsonObject, call);
  } catch (thrown) {
    if (thrown instanceof ProtocolError) throw thrown;
    return failed(sentenceOf(thrown, call));
  }
}

/** A result that says what went wrong. */
export const failed = (sentence: string): CallToolResult => ({
  content: [{ type: "text", text: sentence }],
  isError: true,
});

function sentenceOf(thrown: unknown, { parts, requestId }: Call): string {
  if (thrown instanceof InvalidRequest)
    return thrown.issues.map(({ loc, msg }) => `${loc.slice(1).join(".") || "arguments"}: ${msg}.`).join(" ");
  if (thrown instanceof AppError && thrown.code !== "bug") {
    const said = clientSentence(toWireError(thrown));
    if (said !== thrown.message)
      parts.log.warn("a request was refused", { error: thrown.message, request: requestId });
    return thrown.code === "queue-full" ? `${said} Ask again later.` : said;
  }
  parts.log.error("a request failed unexpectedly", {
    error: thrown instanceof Error ? thrown.stack : String(thrown),
    request: requestId,
  });
  return "Something went wrong on the server; its log says what.";
}
