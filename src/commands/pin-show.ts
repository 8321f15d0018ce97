import { relative } from 'node:path';
import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { versionNumber, versionText } from '../core/pin.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { Advisories } from '../ops/verify/advisories.ts';
import type { Context } from './context.ts';
import { pinPlace, type PinPlace } from './pin-context.ts';

export const spec: CommandSpec = {
  name: 'pin show',
  summary: 'which PostgreSQL release the project is pinned to, where that is written, and what is known of it',
  description:
    'Reads dbctl.yaml, the files of postgres.pinned_in and the advisory data that comes with dbctl; connects to nothing. Says which known holes ' +
    'are open at the pin, what the newest release of its major closes, and what is to be done after going there. Exit 1 when the pin was ' +
    'withdrawn, when a file that should follow it does not name it, or when the data is older than 100 days.',
  effect: 'reads',
  examples: [
    ['dbctl pin show', 'are we on the release we should be on?'],
    ['dbctl pin show --format json', 'with every CVE by its id'],
  ],
};

export async function run(_options: ParsedOptions, context: Context): Promise<Answer> {
  const [place, { advisories: table }, judge] = await Promise.all([
    pinPlace(context),
    import('../ops/verify/advisories.ts'),
    import('../ops/pin/judge.ts'),
  ]);
  const pin = versionNumber(place.pin);
  const newest = judge.newestOf(table, Math.floor(pin / 10_000));
  const to = newest === null || newest < pin ? pin : newest;
  const [closed, steps] = [judge.closedBetween(table, pin, to), judge.stepsBetween(table, pin, to)];
  const items = [
    pinItem(place, table, newest),
    ...(await followerItems(place)),
    ageItem(table, judge.ageInDays(table, context.clock()), judge.STALE_DAYS),
    ...steps.map(({ id, detect, step, reason, severity }) =>
      item({ id: 'step', object: id, severity, message: `after going to ${versionText(to)}: ${step} (${detect}): ${reason}` }),
    ),
  ];
  return {
    ok: items.every(({ status }) => status === 'pass'),
    items,
    summary: {
      pin: place.pin,
      from: place.from,
      newest: newest === null ? null : versionText(newest),
      closed: closed.map(({ id, score, component, subject }) => ({ id, score, component, subject })),
      steps: steps.map(({ id }) => id),
      dataAsOf: table.data_as_of,
    },
    view: {
      columns: [
        { field: 'id', title: 'what' },
        { field: 'object', title: 'where' },
        { field: 'message', title: '' },
      ],
      notes: notes(place.pin, newest, closed),
    },
  };
}

function pinItem({ pin, from }: PinPlace, table: Advisories, newest: number | null): Item {
  const release = table.releases.find(({ version }) => version === versionNumber(pin));
  const about = { id: 'pin', object: from };
  if (release?.status === 'withdrawn') {
    const fix = `dbctl pin bump ${newest === null ? 'VERSION' : versionText(newest)}`;
    return item({ ...about, status: 'fail', severity: 'high', message: `${pin} was withdrawn before it was published`, fix });
  }
  return item({
    ...about,
    message: release === undefined ? `${pin}, which the advisory data does not know` : `${pin}, of ${release.date}`,
  });
}

async function followerItems({ folder, followers: listed, pin }: PinPlace): Promise<Item[]> {
  const [{ followers, readFollower }, { longerVersions }] = await Promise.all([
    import('../ops/pin/files.ts'),
    import('../ops/pin/places.ts'),
  ]);
  const files = await Promise.all((await followers(folder, listed)).map((one) => readFollower(one, pin, '0.0')));
  return files.map(({ path, before, places }) => {
    const others = longerVersions(before, pin);
    const also = others.length === 0 ? '' : `; ${[...new Set(others)].join(', ')} is changed by its own tool`;
    const about = { id: 'follows', object: relative(folder, path) };
    if (places.length > 0)
      return item({ ...about, message: `names it on line ${places.map(({ line }) => line).join(', ')}${also}` });
    const fix = 'write the pin there, or take the file out of postgres.pinned_in';
    return item({ ...about, status: 'fail', severity: 'medium', message: `does not name ${pin}${also}`, fix });
  });
}

function ageItem({ data_as_of: day }: Advisories, days: number, most: number): Item {
  const about = { id: 'advisory data', object: day };
  if (days <= most) return item({ ...about, message: `${days} days old` });
  return item({
    ...about,
    status: 'fail',
    severity: 'medium',
    message: `${days} days old: security releases since then are not known here`,
    fix: 'update dbctl: npm install dbctl@latest',
  });
}

function notes(pin: string, newest: number | null, closed: readonly { id: string; score: number }[]): string[] {
  if (newest === null) return [`Nothing is known of the releases of its major.`];
  if (newest <= versionNumber(pin)) return [`${pin} is the newest release of its major that is known.`];
  if (closed.length === 0) return [`${versionText(newest)} is newer, and closes no known hole.`];
  const worst = closed.slice(0, 5).map(({ id, score }) => `${id} (${score})`);
  return [
    `${versionText(newest)} closes ${closed.length} known holes that ${pin} has, worst first: ${worst.join(', ')}${closed.length > 5 ? ' …' : ''}.`,
    `Which of them can be reached on a server: dbctl verify --only version-security-outdated`,
    `To go there: dbctl pin bump ${versionText(newest)}`,
  ];
}
