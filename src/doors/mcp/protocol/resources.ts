import { ResourceNotFoundError, type Server } from "@modelcontextprotocol/server";
import { keptInputName } from "#/api/stored.ts";
import { type ImageStore, resultPath } from "#/stores/images.ts";
import { fileNameOf, jobOf, mimeTypeOf } from "../answers/job.ts";
import type { Answering } from "../call.ts";

/** Tasks and pictures that a list of resources looks at: it shows what was made lately, the history has the rest. */
const mostTasks = 50;
const mostListed = 50;

/** Serves pictures as resources: the newest as a list, and every one whose address somebody has. */
export function serveResources(server: Server, answering: Answering): void {
  server.setRequestHandler("resources/list", async () => ({ resources: [...(await newest(answering))] }));
  server.setRequestHandler("resources/templates/list", () => ({ resourceTemplates: [] }));
  server.setRequestHandler("resources/read", async ({ params: { uri } }) => {
    const path = await pathOf(uri, answering.parts.images);
    if (path === undefined)
      throw new ResourceNotFoundError(uri, `There is no picture at ${uri.slice(0, 200)}.`);
    const blob = Buffer.from(await Bun.file(path).bytes()).toString("base64");
    return { contents: [{ uri, mimeType: mimeTypeOf(path), blob }] };
  });
}

async function newest({ parts, addresses }: Answering) {
  const tasks = await parts.tasks.history({ page: 0, pageSize: mostTasks });
  return tasks
    .flatMap((task) => jobOf(task, addresses).pictures)
    .slice(0, mostListed)
    .map(({ uri, mime_type: mimeType, width, height, seed }) => ({
      uri,
      name: fileNameOf(uri),
      mimeType,
      description: `${width} x ${height}${seed === "" ? "" : `, seed ${seed}`}`,
    }));
}

/** The file of a picture that was made here or sent here, under whatever name the server was reached. */
async function pathOf(
  uri: string,
  images: Pick<ImageStore, "output" | "input">,
): Promise<string | undefined> {
  const input = keptInputName(uri);
  if (input !== undefined) return await images.input(input);
  return /^https?:\/\/[^?#]*\/(?:outputs|files)\/[^/?#]+\/[^/?#]+$/i.test(uri)
    ? await resultPath(uri, images)
    : undefined;
}
