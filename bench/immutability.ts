import { parseArgs } from 'node:util';
import { withSession } from '../src/db/session.ts';
import { onServer, targetOf, databaseUrl } from '../test/support/connection.ts';
import { withServer } from '../test/support/server.ts';
import { VARIANTS, type Variant } from './immutability/variants.ts';
import { insertRate, type Load } from './immutability/writers.ts';

const USAGE = `usage: npm run bench -- immutability [options]
  --seconds N    length of one measurement (default 4)
  --rounds N     measurements of each cell, in turns (default 3)
  --batch N      rows of a batch (default 1000)
  --commit MODE  synchronous_commit: off (default) or on`;

/** Insert throughput of a table alone, guarded, guarded with a ledger, and of two other ways, the ways taken in turns. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      seconds: { type: 'string', default: '4' },
      rounds: { type: 'string', default: '3' },
      batch: { type: 'string', default: '1000' },
      commit: { type: 'string', default: 'off' },
      only: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const loads: readonly Load[] = [1, Number(values.batch)].flatMap((rows) => [1, 4].map((writers) => ({ writers, rows })));
  const variants = VARIANTS.filter(({ name }) => values.only === undefined || values.only.split(',').includes(name));
  await withServer(
    { durable: true, settings: { synchronous_commit: values.commit, max_wal_size: '4GB', shared_buffers: '512MB' } },
    async (server) => {
      const rates = new Map<string, number[]>();
      for (let round = 0; round < Number(values.rounds); round += 1) {
        for (const load of loads) {
          for (const variant of variants) {
            const rate = await measure(server.url('postgres'), variant, load, Number(values.seconds) * 1000);
            const key = `${variant.name} ${load.writers} ${load.rows}`;
            rates.set(key, [...(rates.get(key) ?? []), rate]);
          }
        }
      }
      print(rates, loads, variants);
    },
  );
}

async function measure(url: string, variant: Variant, load: Load, ms: number): Promise<number> {
  const name = 'bench';
  await onServer(url, `drop database if exists ${name} with (force)`, `create database ${name}`, 'checkpoint');
  const database = databaseUrl(url, name);
  await withSession(targetOf(url, name), { access: 'write' }, (session) => variant.prepare(session));
  await insertRate(database, load, 500);
  const stop = new AbortController();
  const beside = variant.beside?.(database, stop.signal);
  try {
    return await insertRate(database, load, ms);
  } finally {
    stop.abort();
    await beside;
  }
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

function print(rates: ReadonlyMap<string, readonly number[]>, loads: readonly Load[], variants: readonly Variant[]): void {
  const of = (variant: string, { writers, rows }: Load) => rates.get(`${variant} ${writers} ${rows}`) ?? [];
  const head = loads.map(({ writers, rows }) => `${writers} × ${rows}`.padStart(12)).join('');
  console.log(`rows/s of bare, then the ratio to it of each round's median\n\n${''.padEnd(22)}${head}`);
  for (const { name } of variants) {
    const cells = loads.map((load) => {
      const own = median(of(name, load));
      const text = name === 'bare' ? Math.round(own).toLocaleString('en') : (own / median(of('bare', load))).toFixed(2);
      return text.padStart(12);
    });
    console.log(`${name.padEnd(22)}${cells.join('')}`);
  }
  console.log(`\n${variants.map(({ name, meaning }) => `${name}: ${meaning}`).join('\n')}`);
}
