import { afterAll, expect, test } from "bun:test";
import { deploymentBlocks, type Follower, openFollower } from "../../scripts/docs/deployment/follow.ts";
import { proxyProgram } from "../../scripts/docs/deployment/proxies.ts";
import { binary } from "../support/binary.ts";

let follower: Follower | undefined;
afterAll(() => follower?.close());

// In their order: each goes on where the one before left the machine.
for (const block of deploymentBlocks())
  test.skipIf(proxyProgram(block.language) === null)(
    `docs/deployment.md:${block.line} ${block.path ?? block.language}`,
    async () => {
      follower ??= openFollower(binary);
      expect((await follower.follow(block)).length).toBeGreaterThan(0);
    },
    300_000,
  );
