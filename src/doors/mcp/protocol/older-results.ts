import type { CallToolResult } from "@modelcontextprotocol/server";

/** The first revision that has links to resources; also the first whose clients say which one they speak. */
const firstWithLinks = "2025-06-18";

/** Whether a client of the older revisions knows what a link is. Revisions are days, which compare as texts. */
export const knowsLinks = ({ headers }: Request): boolean =>
  (headers.get("mcp-protocol-version") ?? "") >= firstWithLinks;

/** A result for clients to whom a link is an error: its text has the addresses all the same. */
export const withoutLinks = (result: CallToolResult): CallToolResult => ({
  ...result,
  content: result.content.filter(({ type }) => type !== "resource_link"),
});
