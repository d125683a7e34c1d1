import { EngineError, type EngineErrorCode } from "#/lib/errors.ts";
import type { RedisAddress } from "./address.ts";
import { type Answerer, whoAnswers } from "./probe.ts";
import { reasonOf } from "./trouble.ts";

type Refusal = Readonly<{ code: EngineErrorCode; sentence: string }>;

/** What Redis says, and what that means for who set the address. The first that fits is told. */
const refusals: readonly Readonly<{
  said: RegExp;
  code: EngineErrorCode;
  sentence: (shown: string, reason: string) => string;
}>[] = [
  {
    said: /^(?:NOAUTH|ERR.*invalid password|ERR AUTH)/,
    code: "bad-setting",
    sentence: (shown) =>
      `The fleet's Redis at ${shown} wants a password; put it into the address: redis://:PASSWORD@${shown}`,
  },
  {
    said: /^WRONGPASS/,
    code: "bad-setting",
    sentence: (shown) =>
      `The fleet's Redis at ${shown} does not know the name and password in the address; correct them`,
  },
  {
    said: /^NOPERM|ACL failure|no permissions|user executing the script/i,
    code: "bad-setting",
    sentence: (shown, reason) =>
      `The user of the address may not do all that a fleet needs at ${shown} (${reason}); give it +@all on the keys of the fleet`,
  },
  {
    said: /DB index is out of range|invalid DB index|SELECT is not allowed/i,
    code: "bad-setting",
    sentence: (shown, reason) =>
      `The fleet's Redis at ${shown} has no database of the number in the address (${reason}); leave it out`,
  },
  {
    said: /^READONLY/,
    code: "bad-setting",
    sentence: (shown) =>
      `The fleet's Redis at ${shown} is a replica, which takes nothing; give the address of its master`,
  },
  {
    said: /^(?:OOM|MISCONF) |OOM command/,
    code: "fleet-unavailable",
    sentence: (shown, reason) =>
      `The fleet's Redis at ${shown} is full or cannot save (${reason}); give it more memory or disk`,
  },
  {
    said: /^LOADING/,
    code: "fleet-unavailable",
    sentence: (shown) => `The fleet's Redis at ${shown} is still loading its data; try again when it is done`,
  },
];

/** Why a Redis cannot be had, from what was thrown; when that says nothing, who answers is looked at. */
export async function refusalOf(address: RedisAddress, thrown: unknown): Promise<EngineError> {
  const { shown } = address;
  const reason = reasonOf(thrown);
  const known = refusals.find(({ said }) => said.test(reason));
  if (known !== undefined) return new EngineError(known.code, known.sentence(shown, reason));
  const { code, sentence } = refusalBy(await whoAnswers(address), address, reason);
  return new EngineError(code, sentence);
}

function refusalBy(answerer: Answerer, { shown, tls }: RedisAddress, reason: string): Refusal {
  const setting = (sentence: string): Refusal => ({ code: "bad-setting", sentence });
  if (tls && answerer === "redis") {
    return setting(
      `The fleet's Redis at ${shown} speaks without TLS; write redis:// in the place of rediss://`,
    );
  }
  if (!tls && answerer === "tls") {
    return setting(`At ${shown} TLS is spoken; write rediss:// in the place of redis://`);
  }
  if (answerer === "other") {
    return setting(`What answers at ${shown} is no Redis; correct the address of the fleet`);
  }
  if (tls && /certificate|self.signed|issuer|altname|verif/i.test(reason)) {
    return setting(
      `The certificate of the fleet's Redis at ${shown} cannot be trusted (${reason}); name its authority in NODE_EXTRA_CA_CERTS`,
    );
  }
  const hint = tls ? "" : "; if it wants TLS, write rediss://";
  return {
    code: "fleet-unavailable",
    sentence: `The fleet's Redis cannot be reached at ${shown} (${reason}); start it, or correct the address${hint}`,
  };
}
