import { afterAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { refuseWithoutRoom } from "#/cli/migrate/old-history.ts";
import { writeFiles } from "../../../support/old-fooocus.ts";
import { smallDisk } from "../../../support/small-disk.ts";

const root = mkdtempSync(join(tmpdir(), "fooocusd-room-"));
const disk = smallDisk("64k");
afterAll(() => {
  disk.close();
  rmSync(root, { recursive: true, force: true });
});

test.skipIf(!disk.mounted)(
  `pictures that another disk has no room for are refused before any is copied${disk.why}`,
  () => {
    writeFiles(root, { "2024-01-01/a.png": new Uint8Array(200_000), "2024-01-01/log.html": "" });
    const places = { outputs: [root], inputs: "" };
    expect(() => refuseWithoutRoom(places, join(disk.folder, "outputs"))).toThrow(
      /no room for the old pictures: 200 kB are to be copied, and .* are free/,
    );
    // On their own disk they get a second name, which takes none.
    refuseWithoutRoom(places, join(tmpdir(), "not/there/yet"));
  },
);
