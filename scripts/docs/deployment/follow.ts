import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type Block, blocksOf, commandsOf } from "./blocks.ts";
import { followCommand, type Servers } from "./commands.ts";
import { readCompose } from "./container.ts";
import { type Machine, openMachine } from "./machine.ts";
import { followProxy } from "./proxies.ts";

/** What became of a block: `ran` as it is there, or `checked` as far as this machine can, and how. */
export type Followed = Readonly<{ did: "ran" | "checked"; how: string }>;

const page = join(import.meta.dir, "../../../docs/deployment.md");

/** What shows how something looks, and is nothing to do. */
const shown: readonly string[] = ["text", "json"];

/** The blocks of docs/deployment.md that say what to do, in their order. */
export const deploymentBlocks = (): readonly Block[] =>
  blocksOf(readFileSync(page, "utf8")).filter(({ language }) => !shown.includes(language));

/** Somebody who does what the page says, block after block, beginning with the program and an empty folder. */
export type Follower = Readonly<{
  /** @throws Error for what does not work, or nobody knows how to follow */
  follow: (block: Block) => Promise<readonly Followed[]>;
  close: () => Promise<void>;
}>;

/** @param program the binary */
export function openFollower(program: string): Follower {
  const machine = openMachine(program);
  const servers: Servers = new Map();
  return {
    follow: async (block) => {
      if (block.language === "sh") {
        const done: Followed[] = [];
        for (const command of commandsOf(block.text))
          done.push(await followCommand(command, machine, servers));
        return done;
      }
      return [await followFile(block, machine)];
    },
    close: async () => {
      for (const running of servers.values()) await running.stop().catch(() => undefined);
      machine.close();
    },
  };
}

async function followFile({ language, text, path }: Block, machine: Machine): Promise<Followed> {
  if (path === undefined) throw new Error(`a block of ${language} does not say what file it is`);
  machine.write(path, text);
  switch (language) {
    case "ini":
      return { did: "ran", how: `${path} was written; daemon-reload looks at it` };
    case "yaml": {
      if (path === "compose.yaml") readCompose(text);
      else if (!text.includes("127.0.0.1:7866") && !text.includes("/etc/traefik/fooocusd.yml"))
        throw new Error(`${path} leads nowhere`);
      const parsed = Bun.YAML.parse(text);
      if (typeof parsed !== "object") throw new Error(`${path} is no YAML`);
      return { did: "checked", how: `${path} was written and read` };
    }
    case "nginx":
    case "caddy":
      return (await followProxy(machine, language, text))
        ? { did: "ran", how: `${path}: a stream, a WebSocket and 20 MB went through ${language}` }
        : { did: "checked", how: `${path} was written; there is no ${language} here` };
    default:
      throw new Error(`nobody knows how to follow a block of ${language}`);
  }
}
