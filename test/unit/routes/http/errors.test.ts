import { expect, test } from "bun:test";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { silentLog } from "#/lib/log.ts";
import { errorReply } from "#/routes/http/errors.ts";
import type { Refusal } from "#/routes/http/refusal.ts";
import { historyError, keyTaken } from "#/stores/history/failures.ts";
import { bucketTrouble } from "#/stores/images/s3/trouble.ts";
import { failed } from "#/stores/images/write-file.ts";
import { readAddress } from "#/stores/postgres/address.ts";
import { LateAnswer, postgresError } from "#/stores/postgres/failures.ts";

const refusalBody = (refusal: Refusal) => (refusal.type === "sentence" ? refusal.sentence : refusal.type);

const coded = (code: string): Error => Object.assign(new Error(code), { code });
const ofState = (errno: string): Error => Object.assign(new Error(errno), { errno });

const postgres = readAddress("postgres://me@host/pictures");
const inPostgres = (cause: Error) => postgresError(postgres, "The history cannot be read", cause);
const inFile = (code: string) =>
  historyError(
    `${mkdtempSync(`${tmpdir()}/errors-`)}/db.sqlite3`,
    "The history could not be read",
    coded(code),
  );
const inBucket = (status: number, code: string) =>
  bucketTrouble({ bucket: "pics", host: "s3:9000", doing: "put", status, code, words: "said" });

function onDisk(code: string): unknown {
  try {
    failed("/srv/outputs/x.png", "written", coded(code));
  } catch (thrown) {
    return thrown;
  }
}

const cases: readonly (readonly [what: string, thrown: unknown, status: number])[] = [
  ["a Postgres where nobody listens", inPostgres(coded("ERR_POSTGRES_CONNECTION_REFUSED")), 503],
  ["a Postgres that says nothing", inPostgres(new LateAnswer("late")), 503],
  ["a Postgres that starts", inPostgres(ofState("57P03")), 503],
  ["a Postgres whose disk is full", inPostgres(ofState("53100")), 507],
  ["a Postgres whose files are damaged", inPostgres(ofState("XX001")), 500],
  ["a bucket that cannot be reached", inBucket(0, "ConnectionRefused"), 503],
  ["a bucket whose server is busy", inBucket(503, "SlowDown"), 503],
  ["a bucket whose disk is full", inBucket(507, "XMinioStorageFull"), 507],
  ["a bucket whose quota is used up", inBucket(403, "QuotaExceeded"), 507],
  ["a bucket that is not there", inBucket(404, "NoSuchBucket"), 500],
  ["keys that a bucket does not take", inBucket(403, "InvalidAccessKeyId"), 500],
  ["a history that another program locks", inFile("SQLITE_BUSY"), 503],
  ["a history whose disk is full", inFile("SQLITE_FULL"), 507],
  ["a history that is damaged", inFile("SQLITE_CORRUPT"), 500],
  ["a key that another request took at that moment", keyTaken(), 503],
  ["a picture without room", onDisk("ENOSPC"), 507],
  ["a picture beyond a user's quota", onDisk("EDQUOT"), 507],
  ["a picture in a folder that may not be written", onDisk("EACCES"), 500],
];

for (const [what, thrown, status] of cases)
  test(`${what} is a ${status}, and says when to come again where it passes`, async () => {
    const answer = errorReply(thrown, silentLog, { refusalBody });
    expect([answer.status, answer.headers.has("retry-after")]).toEqual([status, status === 503]);
    expect((await answer.text()).length).toBeGreaterThan(20);
  });
