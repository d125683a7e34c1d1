import { expect, test } from "bun:test";
import { clientSentence } from "#/lib/client-sentence.ts";
import { type ErrorCode, type ErrorDetails, toWireError } from "#/lib/errors.ts";
import { bucketTrouble } from "#/stores/images/s3/trouble.ts";

const rows: readonly (readonly [ErrorCode, string, ErrorDetails, string])[] = [
  [
    "weight-shape",
    "/srv/my models/checkpoints/a b.safetensors (unet): x.weight should have 4 rows but its shape is [3].",
    { path: "/srv/my models/checkpoints/a b.safetensors (unet)", key: "x.weight" },
    "a b.safetensors (unet): x.weight should have 4 rows but its shape is [3].",
  ],
  [
    "storage-failed",
    "outputs/2026-01-01/x-0.png could not be written: ENOSPC: no space left on device, open '/srv/out puts/.drafts/1.tmp'.",
    { path: "outputs/2026-01-01/x-0.png" },
    "x-0.png could not be written: ENOSPC: no space left on device, open '1.tmp'.",
  ],
  [
    "session-failed",
    "A network could not be opened: Load of /home/me/my models/vae/v.safetensors failed:system error; see /etc/x/y, /z.",
    {},
    "A network could not be opened: Load of v.safetensors failed:system error; see y, /z.",
  ],
  [
    "provider-missing",
    "libcuda.so not found in /opt/a/node_modules/onnxruntime-node/bin",
    {},
    "libcuda.so not found in bin",
  ],
  [
    "bug",
    'cannot read "/root/.cache/secret/x": 1/2 of http://h/a/b and a/b/c',
    {},
    'cannot read "x": 1/2 of http://h/a/b and a/b/c',
  ],
  [
    "file-unreadable",
    "sub/neon.safetensors is no longer there.",
    { name: "sub/neon.safetensors" },
    "sub/neon.safetensors is no longer there.",
  ],
  // What a client named is told as it named it.
  [
    "invalid-value",
    'save_name is one file name without folders, not "/tmp/a/x".',
    { field: "save_name", value: "/tmp/a/x" },
    'save_name is one file name without folders, not "/tmp/a/x".',
  ],
];
for (const [code, message, details, said] of rows)
  test(`${code}: ${said}`, () => expect(clientSentence({ code, message, details })).toBe(said));

test("the server that keeps the pictures is not told to clients", () => {
  const refusal = {
    bucket: "pics",
    host: "10.0.0.5:9000",
    doing: "put",
    status: 0,
    code: "ECONNREFUSED",
    words: "ECONNREFUSED",
  };
  const told = clientSentence(toWireError(bucketTrouble(refusal)));
  expect(told).toBe(
    "The bucket pics cannot be reached at its server: ECONNREFUSED. Look whether the server runs there and s3_endpoint names it.",
  );
});
