import { parseArgs } from 'node:util';
import { startArchiving, type ArchivingProject, type ProjectOptions } from '../../test/support/archiving.ts';
import { CRASH_POINTS, crashAndGoOn, DUCKDB_CRASH_POINTS } from '../../test/support/archiving-crashes.ts';
import { DAMAGES, damageAndGoOn, MOMENTS } from '../../test/support/archiving-damage.ts';
import { ATTACH_POINTS, killReturnAndGoOn } from '../../test/support/archiving-return.ts';
import { BUCKET_LOSSES, cutAndGoOn, loseBucketAndGoOn, WIRE_POINTS } from '../../test/support/archiving-losses.ts';

const USAGE = `usage: npm run soak -- archiving [options]
  --only TEXT  cases whose name has it, such as "killed 7", "swapped", "parquet s3" or "duckdb"`;

const PLACES = ['folder', 's3'] as const;
const FORMATS = ['csv.gz', 'parquet'] as const;

/**
 * `npm run soak -- archiving`: SIGKILL in each of the seven steps, and stored rows damaged between each two, as csv.gz and Parquet, in a folder and a
 * bucket, and in the steps that copy also with DuckDB as the writer; the database and the bucket lost in each step that needs them; then the next runs, and everything counted. A quarter of an hour.
 */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { only: { type: 'string', default: '' }, help: { type: 'boolean' } },
  });
  if (values.help === true) return console.log(USAGE);
  const world = await startArchiving();
  let [good, all] = [0, 0];
  try {
    for (const { name, options, act } of cases().filter((one) => one.name.includes(values.only))) {
      all += 1;
      const began = performance.now();
      const lab = await world.project(`case_${all}`, options);
      const problems = await act(lab).catch((thrown: unknown) => [String(thrown)]);
      await lab.end();
      if (problems.length === 0) good += 1;
      console.log(`${problems.length === 0 ? 'ok  ' : 'FAIL'} ${name} (${((performance.now() - began) / 1000).toFixed(1)} s)`);
      for (const problem of problems) console.log(`     ${problem}`);
    }
  } finally {
    await world.stop();
  }
  console.log(
    `${good} of ${all} cases: rows hot and rows cold are the rows before, every hash verifies, one copy of each partition counts, nothing is left.`,
  );
  if (good < all) process.exitCode = 1;
}

interface Case {
  readonly name: string;
  readonly options: ProjectOptions;
  readonly act: (lab: ArchivingProject) => Promise<string[]>;
}

function cases(): Case[] {
  const everywhere = (name: string, act: Case['act'], only?: string): Case[] =>
    PLACES.filter((place) => only === undefined || only === place).flatMap((place) =>
      FORMATS.map((format) => ({ name: `${name}, ${format} ${place}`, options: { format, place }, act })),
    );
  const withDuckdb = DUCKDB_CRASH_POINTS.flatMap((point) =>
    PLACES.filter((place) => point.only === undefined || point.only === place).map((place): Case => ({
      name: `killed ${point.name}, duckdb ${place}`,
      options: { format: 'parquet', writer: 'duckdb', place },
      act: (lab) => crashAndGoOn(lab, point),
    })),
  );
  return [
    ...CRASH_POINTS.flatMap((point) => everywhere(`killed ${point.name}`, (lab) => crashAndGoOn(lab, point), point.only)),
    ...withDuckdb,
    ...losses(),
    ...ATTACH_POINTS.flatMap((point) =>
      everywhere(`return killed ${point.name}`, (lab) => killReturnAndGoOn(lab, point), point.only),
    ),
    ...MOMENTS.flatMap((moment) =>
      DAMAGES.flatMap(([what, damage]) => everywhere(`${what} ${moment}`, (lab) => damageAndGoOn(lab, moment, damage))),
    ),
  ];
}

/** The network. */
function losses(): Case[] {
  const wires = WIRE_POINTS.flatMap((point) =>
    PLACES.map((place): Case => ({
      name: `database lost ${point.name}, csv.gz ${place}`,
      options: { format: 'csv.gz', place, wire: true },
      act: (lab) => cutAndGoOn(lab, point),
    })),
  );
  const buckets = BUCKET_LOSSES.flatMap((loss) =>
    FORMATS.map((format): Case => ({
      name: `bucket lost ${loss.name}, ${format} s3`,
      options: { format, place: 's3' },
      act: (lab) => loseBucketAndGoOn(lab, loss),
    })),
  );
  return [...wires, ...buckets];
}
