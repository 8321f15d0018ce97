import { basename } from 'node:path';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { versionNumber } from '../core/pin.ts';
import { item, type Answer } from '../core/report.ts';
import type { PinFile } from '../ops/pin/files.ts';
import type { Context } from './context.ts';
import { pinPlace, requirePlace } from './pin-context.ts';

export const spec: CommandSpec = {
  name: 'pin bump',
  summary: 'pin the project to another PostgreSQL release, in dbctl.yaml and every file that follows it',
  description:
    'Changes postgres.version in dbctl.yaml, and every place of the files in postgres.pinned_in that names exactly the old release: 18.2, and ' +
    'neither 18.20 nor 18.2.0-beta.16. Comments and quotes stay. Each file is written whole or not at all, dbctl.yaml last, and read again. ' +
    'Installs nothing and connects to nothing: runbooks/server-below-pin.md says how the servers follow.',
  effect: 'changes',
  args: [{ name: '<release>', description: 'major.minor, such as 18.6' }],
  options: [
    { flags: '--older', description: 'go to a release that is older than the pin' },
    { flags: '--unknown', description: 'go to a release the advisory data does not know' },
  ],
  examples: [
    ['dbctl pin bump 18.6 --dry-run', 'see every line that would change'],
    ['dbctl pin bump 18.6', 'change them'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const [place, { advisories: table }, { judgeBump, closedBetween, stepsBetween }, files] = await Promise.all([
    pinPlace(context),
    import('../ops/verify/advisories.ts'),
    import('../ops/pin/judge.ts'),
    import('../ops/pin/files.ts'),
  ]);
  const to = options['release'] as string;
  const consent = { older: options['older'] === true, unknown: options['unknown'] === true };
  const target = judgeBump(table, place.pin, to, consent);
  const { file, path } = requirePlace(place);
  const following = await Promise.all(
    (await files.followers(place.folder, place.followers)).map((one) => files.readFollower(one, place.pin, to)),
  );
  const all = [...following, await files.readPinned(file, basename(file), path, to)];
  const changed = all.filter(({ before, after }) => before !== after);
  const { dryRun } = context.globals;
  if (!dryRun && changed.length > 0) {
    await files.writeFiles(changed);
    await files.requireWritten(file, path, to);
  }
  const [closed, steps] = [
    closedBetween(table, versionNumber(place.pin), target),
    stepsBetween(table, versionNumber(place.pin), target),
  ];
  return {
    ok: true,
    items: changed.flatMap((one) => placeItems(one)),
    summary: {
      from: place.pin,
      to,
      files: changed.map(({ shown }) => shown),
      unchanged: all.filter(({ before, after }) => before === after).map(({ shown }) => shown),
      closed: closed.map(({ id }) => id),
      steps: steps.map(({ id }) => id),
      dryRun,
    },
    view: {
      columns: [
        { field: 'object', title: 'place' },
        { field: 'before', title: 'before' },
        { field: 'message', title: dryRun ? 'would be' : 'now' },
      ],
      notes: [
        ...(changed.length === 0 ? [`The pin is ${to} already.`] : []),
        ...(closed.length === 0 ? [] : [`${to} closes ${closed.length} known holes that ${place.pin} has.`]),
        ...steps.map(({ detect, step, reason }) => `After the servers are on ${to}: ${step} (${detect}): ${reason}.`),
        ...(changed.length === 0 || dryRun ? [] : ['Now the servers: runbooks/server-below-pin.md']),
      ],
    },
  };
}

function placeItems({ shown, places }: PinFile) {
  return places.map(({ line, before, after }) =>
    item({ id: 'place', object: `${shown}:${line}`, message: after.trim(), before: before.trim(), line }),
  );
}
