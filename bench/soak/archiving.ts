import { parseArgs } from 'node:util';
import { startArchiving, type ProjectOptions } from '../../test/support/archiving.ts';
import { CRASH_POINTS, crashAndGoOn } from '../../test/support/archiving-crashes.ts';

const USAGE = `usage: npm run soak -- archiving [options]
  --only TEXT  cases whose name has it, such as "7 in the middle" or "parquet s3"`;

const PLACES = ['folder', 's3'] as const;
const FORMATS = ['csv.gz', 'parquet'] as const;

/** `npm run soak -- archiving`: SIGKILL in each of the seven steps, as csv.gz and Parquet, to a folder and a bucket; then the next runs, and everything counted. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: { only: { type: 'string', default: '' }, help: { type: 'boolean' } },
  });
  if (values.help === true) return console.log(USAGE);
  const world = await startArchiving();
  let [good, all] = [0, 0];
  try {
    for (const { name, point, options } of cases().filter((one) => one.name.includes(values.only))) {
      all += 1;
      const began = performance.now();
      const lab = await world.project(`case_${all}`, options);
      const problems = await crashAndGoOn(lab, point).catch((thrown: unknown) => [String(thrown)]);
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

function cases() {
  return CRASH_POINTS.flatMap((point) =>
    PLACES.filter((place) => point.only === undefined || point.only === place).flatMap((place) =>
      FORMATS.map((format) => ({
        name: `${point.name}, ${format} ${place}`,
        point,
        options: { format, place } satisfies ProjectOptions,
      })),
    ),
  );
}
