// Values nobody thought of, and the server as the judge.
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { restoreArchive } from '../../../src/ops/archive/restore.ts';
import { floatText } from '../../../src/ops/archive/parquet-float.ts';
import { CopyText } from '../../../src/ops/archive/parquet-text.ts';
import { addDate, addTimestamp, daysOf, microsOf } from '../../../src/ops/archive/parquet-time.ts';
import { archiveBench, READING } from './support.ts';

const bench = archiveBench('create schema s');

const texts = fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replaceAll('\0', ''));
const hostile = fc.constantFrom('', '\\N', '\\.', '"', '""', '\r\n', '\t', '\\', ',', '\\\\n', ' ', '\u{feff}x', 'NULL');
const nullable = <T>(of: fc.Arbitrary<T>) => fc.option(of, { nil: null });
const row = fc.record({
  note: nullable(fc.oneof(texts, hostile)),
  n: nullable(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  ratio: nullable(fc.double()),
  bytes: nullable(fc.uint8Array({ maxLength: 30 })),
  doc: nullable(fc.json({ maxDepth: 2 })),
  micros: nullable(fc.bigInt({ min: -210_866_803_200_000_000n, max: 9_223_371_331_199_999_999n - 1n })),
  tags: nullable(fc.array(nullable(fc.oneof(texts, hostile)), { maxLength: 4 })),
});

const TABLE = `create table s.random (place int primary key, note text, n int8, ratio float8, single float4, bytes bytea, doc json, at timestamptz, local timestamp, day date, tags text[])`;

it.each(['csv.gz', 'parquet'] as const)(
  'random rows come back from %s as they went',
  async (format) => {
    await fc.assert(
      fc.asyncProperty(fc.array(row, { maxLength: 40 }), async (rows) => {
        await bench.sql(`drop table if exists s.random; drop table if exists s.back; ${TABLE}`);
        await bench.session(async (session) => {
          for (const [place, one] of rows.entries()) {
            const number = one.ratio === null ? null : String(one.ratio);
            const doc = one.doc?.includes('\\u0000') === true ? '{}' : one.doc;
            await session.rows(
              `insert into s.random values ($1, $2, $3, $4, case when abs($4::float8) between 1e-30 and 1e30 then $4::float8 end, $5, $6,
               timestamptz '1970-01-01 00:00:00+00' + $7::int8 / 86400000000 * interval '1 day' + $7::int8 % 86400000000 * interval '1 microsecond',
               timestamp '1970-01-01' + $7::int8 / 86400000000 * interval '1 day' + $7::int8 % 86400000000 * interval '1 microsecond',
               date '1970-01-01' + ($7::int8 / 86400000000)::int4, $8)`,
              [place, one.note, one.n, number, one.bytes === null ? null : Buffer.from(one.bytes), doc, one.micros, one.tags],
            );
          }
        });
        const { manifest } = await bench.export('s.random', { format });
        expect(manifest.rows).toBe(rows.length);
        await bench.session((session) => restoreArchive(session, bench.destination, manifest, 's.back', READING));
        const [found] = await bench.session((session) =>
          session.rows<{ count: string }>(
            'select count(*)::text as count from (select row(t.*)::text from s.random t except all select row(t.*)::text from s.back t) d',
          ),
        );
        expect(found?.count).toBe('0');
      }),
      { numRuns: 25 },
    );
  },
  180_000,
);

it('a float is written as the server writes it', async () => {
  const bits = new BigUint64Array(1);
  const value = new Float64Array(bits.buffer);
  const random = () => {
    bits[0] =
      BigInt.asUintN(64, BigInt(Math.floor(Math.random() * 2 ** 32)) << 32n) | BigInt(Math.floor(Math.random() * 2 ** 32));
    return value[0] as number;
  };
  // Whole numbers above 2^53 are where JavaScript and the server part.
  const large = () =>
    Math.round(Math.random() * 2 ** 20) * 2 ** (40 + Math.floor(Math.random() * 60)) + 2 ** (53 + Math.floor(Math.random() * 40));
  const decimal = () => Number(`${Math.floor(Math.random() * 1000)}e${Math.floor(Math.random() * 40) - 10}`);
  const values = [1e23, 7.767542995279361e19, 2 ** 53 + 2, 2 ** 60, 2 ** 80, 5e22].concat(
    Array.from({ length: 20_000 }, random),
    Array.from({ length: 20_000 }, large),
    Array.from({ length: 10_000 }, decimal),
  );
  const rows = await bench.session((session) =>
    session.rows<{ text: string; single: string }>(
      `select v::text as text, (case when abs(v) between 1e-30 and 1e30 or v = 0 then v::float4 end)::text as single from unnest($1::float8[]) with ordinality u (v, place) order by place`,
      [values],
    ),
  );
  const wrong = values.flatMap((one, at) =>
    floatText(one, 'float8') === rows[at]?.text ? [] : [[rows[at]?.text, floatText(one, 'float8')]],
  );
  expect(wrong).toEqual([]);
  const singles = rows.flatMap(({ single }) =>
    single === null || floatText(Number(single), 'float4') === single ? [] : [[single, floatText(Number(single), 'float4')]],
  );
  expect(singles).toEqual([]);
});

function written(add: (text: CopyText) => void): string {
  const text = new CopyText();
  add(text);
  return text.written.toString('latin1');
}

it('a day and a moment are written as the server writes them', async () => {
  // Of all that PostgreSQL has; and as many of the 285 years on each side of 1970 whose microseconds a double counts one by one.
  const days = Array.from({ length: 20_000 }, (_, n) =>
    n % 2 === 0 ? Math.floor(Math.random() * 108_000_000) - 2_440_000 : Math.floor(Math.random() * 208_000) - 104_000,
  );
  const rows = await bench.session(async (session) => {
    await session.script("set timezone = 'UTC'; set datestyle = 'ISO, YMD'");
    return session.rows<{ day: string; at: string | null }>(
      `select (date '1970-01-01' + d)::text as day,
              case when d < 106000000 then (timestamptz '1970-01-01 00:00:00+00' + d * interval '1 day' + (d % 86400) * interval '1 second 7 microseconds') end::text as at
       from unnest($1::int4[]) with ordinality u (d, place) order by place`,
      [days],
    );
  });
  for (const [at, day] of days.entries()) {
    const { day: date, at: moment } = rows[at] ?? { day: '', at: null };
    expect([daysOf(date), written((text) => addDate(text, day))]).toEqual([day, date]);
    if (moment === null) continue;
    const micros = BigInt(day) * 86_400_000_000n + BigInt(day % 86_400) * 1_000_007n;
    expect([microsOf(moment), written((text) => addTimestamp(text, micros, true))]).toEqual([micros, moment]);
    if (Number.isSafeInteger(Number(micros))) expect(written((text) => addTimestamp(text, Number(micros), true))).toBe(moment);
  }
});
