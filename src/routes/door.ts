import type { AnyElysia } from "elysia";
import type { OpenApiTag } from "#/api/openapi.ts";
import type { Catalog } from "#/catalog/catalog.ts";
import type { DecodeGate } from "#/image/decode-gate.ts";
import type { Log } from "#/lib/log.ts";
import type { ImageStore } from "#/stores/images.ts";
import type { FleetDesk } from "#/tasks/fleet/fleet-view.ts";
import type { Intake } from "#/tasks/intake/create-intake.ts";
import type { Tools } from "#/tasks/intake/tools.ts";
import type { Door } from "#/tasks/life-cycle/door.ts";
import type { Tasks } from "#/tasks/life-cycle/tasks.ts";
import type { AddressBook } from "./answers/addresses.ts";
import type { AuthOptions } from "./http/auth.ts";
import type { RefusalForm } from "./http/refusal.ts";

/** What a door's routes are made of. */
export type DoorParts = Readonly<{
  tasks: Tasks;
  tools: Tools;
  choices: Intake["choices"];
  images: ImageStore;
  catalog: Catalog;
  styleNames: readonly string[];
  /** The texts of those that have some; none given tells none. */
  styles?: readonly Readonly<{ name: string; prompt: string; negative_prompt: string }>[];
  auth: AuthOptions;
  /** Web origins that may read answers; none listed allows all. */
  corsOrigins: readonly string[];
  /** Under which names clients are given addresses; none gives all the ones that are kept. */
  addresses?: AddressBook;
  log: Log;
  /** Tells of a socket that a request opens; returns what tells of its end. */
  observeSocket?: (request: Request) => () => void;
  /** The fleet that makes the pictures, where there is one. */
  fleet?: FleetDesk;
  /** Where pictures wait to be decoded; the tasks' own. */
  decoding?: DecodeGate;
}>;

/** Paths with rules of their own. */
export type DoorPaths = Readonly<{
  /** Need no key, or ask for it in their own way. */
  open?: readonly string[];
  /** Begin the addresses of pictures, which need a key only where files are protected. */
  files?: readonly string[];
  /** Change something although they are asked with GET: pages of other sites may not ask for them. */
  changing?: readonly string[];
}>;

/**
 * A door with its outside: what it shows to the clients that come in by it. Its form of refusals is for its own routes and for
 * what is refused before one is reached.
 */
export type FrontDoor = Door &
  RefusalForm &
  Readonly<{
    /** Its groups of routes in the description of the API. */
    tags: readonly OpenApiTag[];
    /** The keys that a request says, wherever the door's clients put them. */
    keysOf: (request: Request) => readonly string[];
    /** Those of its paths that are not as all others. */
    paths: DoorPaths;
    /** Its routes. What they throw is answered in its form. */
    routes: (parts: DoorParts) => AnyElysia;
  }>;

/** The table of doors with their outsides; the first is the main one, whose form holds where no door has a route. */
export type FrontDoors = readonly [main: FrontDoor, ...others: FrontDoor[]];
