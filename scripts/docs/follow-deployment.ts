/**
 * Does what docs/deployment.md says, word by word, in an empty folder that stands for a machine; what this one cannot do is
 * checked as far as it can. Says of each command and file what became of it, and ends with 1 at the first that does not work.
 *
 *     bun scripts/docs/follow-deployment.ts [BINARY, else dist/fooocusd]
 */
import { join } from "node:path";
import { deploymentBlocks, openFollower } from "./deployment/follow.ts";

const follower = openFollower(Bun.argv[2] ?? join(import.meta.dir, "../../dist/fooocusd"));
try {
  for (const block of deploymentBlocks())
    for (const { did, how } of await follower.follow(block))
      console.log(`docs/deployment.md:${block.line} ${block.language} ${did}: ${how}`);
} finally {
  await follower.close();
}
