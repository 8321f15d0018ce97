import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import pg from 'pg';
import { parseCheck } from '../../../src/ops/verify/check.ts';
import { createTestDatabase, type TestDatabase } from '../../support/database.ts';
import { hasOpenssl } from '../runtime/support.ts';

const file = fileURLToPath(new URL('../../../checks/tls-ciphers.sql', import.meta.url));
const query = (parseCheck(file, readFileSync(file, 'utf8')).check?.query ?? '').replaceAll(
  'pg_catalog.pg_settings',
  'pg_temp.settings',
);

const WORDS = [
  'ALL COMPLEMENTOFALL COMPLEMENTOFDEFAULT DEFAULT HIGH MEDIUM LOW FIPS CBC kRSA RSA aRSA kEDH kDHE DHE EDH DH kEECDH kECDHE EECDH',
  'ECDHE ECDH aECDSA ECDSA aNULL eNULL NULL ADH AECDH AES AES128 AES256 AESGCM CAMELLIA CAMELLIA128 CHACHA20 SHA SHA1 SHA256 SHA384',
  'MD5 TLSv1 TLSv1.0 TLSv1.2 SSLv3 3DES RC4 PSK aPSK SRP aDSS ADH-AES128-SHA AECDH-NULL-SHA NULL-SHA256 ECDHE-RSA-AES128-GCM-SHA256',
  'AES256-SHA TLS_AES_128_GCM_SHA256',
].flatMap((words) => words.split(' '));

/** The same numbers in every run (Park and Miller). */
let seed = 20_261_122;
const below = (limit: number): number => (seed = (seed * 48_271) % 2_147_483_647) % limit;
const oneOf = (items: readonly string[]): string => items[below(items.length)] ?? '';

function randomList(): string {
  const element = (): string =>
    oneOf(['', '', '', '!', '-', '+']) + Array.from({ length: 1 + below(2) }, () => oneOf(WORDS)).join('+');
  const elements = Array.from({ length: 1 + below(6) }, element);
  const list = [...(below(4) === 0 ? ['DEFAULT'] : []), ...elements].join(oneOf([':', ':', ',', ' ']));
  // Else the program takes it for an option of its own.
  return list.startsWith('-') ? `:${list}` : list;
}

/** The weak suites the program lists; null where it takes the list for a mistake. */
function judged(list: string): string[] | null {
  // What no list may do without: an empty result is an error for the program.
  const { status, stdout } = spawnSync('openssl', ['ciphers', '-v', list], { encoding: 'utf8' });
  if (status !== 0) return null;
  return stdout
    .split('\n')
    .filter((line) => /Au=None|Enc=None/.test(line) && !/PSK|SRP/.test(line))
    .map((line) => line.split(' ')[0] ?? '')
    .toSorted();
}

describe.skipIf(!hasOpenssl)('the reading of ssl_ciphers (skipped where openssl is missing: it is the judge)', () => {
  let database: TestDatabase;
  let client: pg.Client;
  beforeAll(async () => {
    database = await createTestDatabase();
    client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query('create temp table settings (name text, setting text)');
  });
  afterAll(async () => {
    await client.end();
    await database.drop();
  });

  async function found(list: string): Promise<{ object: string; detail: string; data: { status: string | null } }[]> {
    await client.query('truncate pg_temp.settings');
    await client.query(`insert into pg_temp.settings values ('ssl_ciphers', $1)`, [list]);
    return (await client.query(query)).rows as { object: string; detail: string; data: { status: string | null } }[];
  }

  async function weak(list: string): Promise<string[]> {
    const rows = await found(list);
    expect(
      rows.filter(({ data }) => data.status === 'unknown'),
      list,
    ).toEqual([]);
    const listed = rows.filter(({ object }) => /: [ae]NULL$/.test(object));
    return listed.flatMap(({ detail }) => (/allows (.*?):/.exec(detail)?.[1] ?? '').split(', ')).toSorted();
  }

  it('is that of the openssl program, for 400 lists', async () => {
    const lists = Array.from({ length: 400 }, randomList);
    let compared = 0;
    let withWeak = 0;
    for (const list of lists) {
      const truth = judged(list);
      // The program refuses a list that leaves nothing.
      expect(await weak(list), list).toEqual(truth ?? []);
      compared += truth === null ? 0 : 1;
      withWeak += (truth ?? []).length > 0 ? 1 : 0;
    }
    expect(compared).toBeGreaterThan(200);
    expect(withWeak).toBeGreaterThan(50);
  });

  it.each([
    ['HIGH:MEDIUM:+3DES:!aNULL', []],
    ['HIGH:3DES:!aNULL', ['ssl_ciphers: 3DES']],
    ['HIGH:!3DES:3DES:!aNULL', []],
    ['HIGH:!aNULL:3DES:-MEDIUM', []],
    ['DEFAULT:3DES', []],
    ['HIGH:!aNULL:RC4+kRSA:-SHA', ['ssl_ciphers: RC4']],
    ['HIGH:!aNULL:@SECLEVEL=0', ['ssl_ciphers: @SECLEVEL=0']],
    ['HIGH:!aNULL:@SECLEVEL=2:@STRENGTH', []],
  ])('of %s', async (list, objects) => {
    expect((await found(list)).map(({ object }) => object)).toEqual(objects);
  });

  it.each(['PROFILE=SYSTEM', '@SYSTEM', 'HIGH:', 'SUITEB128', 'TLS_RSA_WITH_NULL_SHA256', 'HIGH:AES+', 'KECCAK'])(
    'does not guess at %s',
    async (list) => {
      const unknown = (await found(list)).filter(({ data }) => data.status === 'unknown');
      expect(unknown.length).toBe(list === 'HIGH:' ? 0 : 1);
    },
  );
});
