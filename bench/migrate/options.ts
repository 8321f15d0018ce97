import { parseArgs } from 'node:util';

export interface MigrateBenchOptions {
  /** How many migrations a cell applies. */
  readonly counts: readonly number[];
  /** Added latencies, in milliseconds. */
  readonly latencies: readonly number[];
  /** Rounds without added latency; undefined: 3, and 1 where latency is added, because its times are long and steady. */
  readonly rounds: number | undefined;
  /** Whether one more migration is applied before, untimed: tools may treat a database without history differently. */
  readonly history: boolean;
  /** Whether the server waits for the disk, as a real one does. */
  readonly fsync: boolean;
  /** File for every single measurement. */
  readonly json: string | undefined;
  /** Names of the tools to measure; undefined: all that are installed. */
  readonly only: readonly string[] | undefined;
}

export const USAGE = `usage: npm run bench -- migrate [options]
  --counts 200,1000   migrations of a cell
  --latency 0,10      added latency in milliseconds
  --rounds N          runs of every cell (default: 3 without latency, 1 with it)
  --only dbctl,dbmate these tools only
  --history           the database has a history already: one migration is applied before
  --no-fsync          a server that does not wait for the disk
  --json FILE         every measurement as JSON`;

/** `help` when only the usage is asked for. Fails on an option it does not know and on a number that is none. */
export function parseOptions(args: readonly string[]): MigrateBenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    allowNegative: true,
    options: {
      counts: { type: 'string', default: '200,1000' },
      latency: { type: 'string', default: '0,10' },
      rounds: { type: 'string' },
      history: { type: 'boolean', default: false },
      fsync: { type: 'boolean', default: true },
      json: { type: 'string' },
      only: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  return {
    counts: numbers('--counts', values.counts, 1),
    latencies: numbers('--latency', values.latency, 0),
    rounds: values.rounds === undefined ? undefined : numbers('--rounds', values.rounds, 1)[0],
    history: values.history,
    fsync: values.fsync,
    json: values.json,
    only: values.only?.split(','),
  };
}

function numbers(option: string, text: string, least: number): number[] {
  return text.split(',').map((word) => {
    const number = Number(word);
    if (!Number.isInteger(number) || number < least || number > 9999) throw new Error(`${option} ${text}: not a list of numbers`);
    return number;
  });
}
