/** The door of a row that says nothing of one: FooocusAPI's, whose table this is. */
export const referenceDoor = "fooocus-api";

/**
 * A task keeps the name of the door it came in by, and the door's own word, where it kept the legacy API's kind of job. A
 * word that was none of that API's kinds said nothing, and says nothing now.
 */
export const doorColumns: readonly string[] = [
  `ALTER TABLE fooocusd_task ADD COLUMN door TEXT NOT NULL DEFAULT '${referenceDoor}'`,
  "ALTER TABLE fooocusd_task ADD COLUMN door_word TEXT NOT NULL DEFAULT ''",
  `UPDATE fooocusd_task SET door = 'legacy', door_word = legacy_job WHERE legacy_job IN
    ('text-to-image', 'upscale-vary', 'inpaint-outpaint', 'image-prompt', 'enhance')`,
  "ALTER TABLE fooocusd_task DROP COLUMN legacy_job",
];
