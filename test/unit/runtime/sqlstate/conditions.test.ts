import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { conditionsModule, errorCodesFile, readErrorCodes } from '../../../../scripts/sqlstates.ts';
import { CONDITIONS } from '../../../../src/runtime/sqlstate/conditions.ts';
import { API_CODES, ruleFor } from '../../../../src/runtime/sqlstate/rules.ts';

const source = errorCodesFile();
const committed = fileURLToPath(new URL('../../../../src/runtime/sqlstate/conditions.ts', import.meta.url));

describe.skipIf(source === undefined)(
  'against errcodes.txt of the pinned server (skipped where its npm package is not installed)',
  () => {
    const entries = source === undefined ? [] : readErrorCodes(readFileSync(source, 'utf8'));

    it('has all of its 268 entries', () => {
      expect(entries).toHaveLength(268);
      const second = entries.filter(({ condition }) => condition === undefined).map(({ sqlstate }) => sqlstate);
      expect(new Set(second)).toEqual(new Set(['2202E', '22008', '34000', '3D000', '26000', '3F000']));
    });

    it('conditions.ts is what npx tsx scripts/sqlstates.ts writes', () => {
      expect(readFileSync(committed, 'utf8')).toBe(conditionsModule(entries));
    });

    it('each entry has a condition and a rule of its own class, not the fallback', () => {
      const missing = entries.filter(({ sqlstate }) => !CONDITIONS.has(sqlstate));
      expect(missing).toEqual([]);
      const fallback = ruleFor('ABCDE');
      expect(
        entries.filter(({ sqlstate }) => ruleFor(sqlstate).apiCode === fallback.apiCode && !/^(00|01|09|F0|XX)/.test(sqlstate)),
      ).toEqual([]);
    });
  },
);

it('every API code is reached by something', () => {
  const fromServer = new Set([...CONDITIONS.keys()].map((sqlstate) => ruleFor(sqlstate).apiCode));
  // These come from the client side or from circumstances only the caller knows; classify.test.ts has them.
  const others = ['DB_QUERY_TIMEOUT', 'DB_NO_PARTITION', 'DB_STALE_PLAN', 'DB_TLS', 'DB_POOL_TIMEOUT'];
  expect(new Set(API_CODES.filter((code) => !fromServer.has(code)))).toEqual(new Set(others));
});
