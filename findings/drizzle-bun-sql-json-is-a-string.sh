#!/usr/bin/env bash
# drizzle-orm 0.45.4 on Bun 1.4.5's SQL: a value in a json or jsonb column is kept as a JSON string, not as the value.
#
# drizzle writes the value as JSON, and Bun, which the server tells that the parameter is json, writes that text as JSON again. drizzle reads it
# back, so nobody notices until SQL looks inside: v->>'a' is NULL, an index or a constraint over it sees nothing. Without named
# statements (prepare: false) the same program writes an object, so a setting that should only matter to poolers changes what is kept.
# Wants a Postgres here: initdb and postgres in PATH or below /usr/lib/postgresql; skipped with status 77 without one.
set -euo pipefail
bin=$(dirname "$(command -v initdb || ls -d /usr/lib/postgresql/*/bin/initdb 2>/dev/null | tail -1 || true)")
[ -x "$bin/postgres" ] || { echo "skipped: there is no Postgres here"; exit 77; }
folder=$(mktemp -d); chmod 755 "$folder"; cd "$folder"
mkdir server
as=()
if [ "$(id -u)" = 0 ]; then
  chown nobody server
  as=(setpriv --reuid=nobody --regid="$(id -g nobody)" --clear-groups)
fi
"${as[@]}" "$bin/initdb" -D server/data -A trust -U me -E UTF8 --locale=C -N >/dev/null
"${as[@]}" "$bin/postgres" -D server/data -c listen_addresses= -c unix_socket_directories="$folder/server" -c fsync=off >/dev/null 2>&1 &
pid=$!
trap 'kill -INT $pid; wait $pid; rm -rf "$folder"' EXIT
npm init -y >/dev/null
npm install --silent --no-audit --no-fund --ignore-scripts --save-exact drizzle-orm@0.45.4 bun@1.4.5
bun=$(ls -d node_modules/@oven/bun-linux-x64/bin/bun)
cat >json.mjs <<'JS'
import { SQL } from "bun";
import { sql } from "drizzle-orm";
import { drizzle } from "drizzle-orm/bun-sql";
import { json, jsonb, pgTable } from "drizzle-orm/pg-core";
const kept = pgTable("kept", { v: jsonb("v"), w: json("w") });
for (const prepare of [true, false]) {
  const db = drizzle({ client: new SQL("postgres://me@localhost/postgres", { path: process.argv[2], prepare, max: 1 }) });
  await db.execute(sql`DROP TABLE IF EXISTS kept`);
  await db.execute(sql`CREATE TABLE kept (v jsonb, w json)`);
  await db.insert(kept).values({ v: { a: 1 }, w: { a: 1 } });
  const [row] = await db.execute(sql`SELECT jsonb_typeof(v) AS v, json_typeof(w) AS w, v->>'a' AS a FROM kept`);
  console.log(`prepare ${prepare}: jsonb is a ${row.v}, json a ${row.w}, v->>'a' is ${row.a}`);
}
process.exit(0);
JS
seen=$("$bun" json.mjs "$folder/server")
expected="prepare true: jsonb is a string, json a string, v->>'a' is null
prepare false: jsonb is a object, json a object, v->>'a' is 1"
echo "$seen"
echo "wanted: an object in both, and 1"
[ "$seen" = "$expected" ] || { echo "changed: expected $expected"; exit 1; }
