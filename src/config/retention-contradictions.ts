import type { Contradiction } from './contradictions.ts';
import type { RetentionEntry } from './retention.ts';
import { ruleName } from './retention-text.ts';
import type { CheckedFile } from './schema.ts';

/** Sections whose values take part. */
export type Rules = 'retention' | 'immutability' | 'archive';
type File = Pick<CheckedFile, Rules>;
type ArchiveEntry = Extract<RetentionEntry, { then: 'archive' }>;
type MoveEntry = Extract<RetentionEntry, { then: 'move-blobs' }>;

/** Rules that cannot do what they say, whoever runs them. */
export function retentionContradictions(file: File): Contradiction[] {
  return file.retention.rules.flatMap((rule) => {
    switch (rule.then) {
      case 'delete':
        return deletesGuarded(rule, file);
      case 'archive':
        return [...archivesOpen(rule, file), ...archivesTwice(rule, file), ...goesNowhere(rule, file)];
      case 'move-blobs':
        return [...goesNowhere(rule, file), ...comesFromThere(rule, file)];
    }
  });
}

const isGuarded = (table: string, { immutability }: File): boolean => immutability.tables.some((one) => one.table === table);

/** Guards would refuse every batch. */
function deletesGuarded(rule: RetentionEntry, file: File): Contradiction[] {
  if (!isGuarded(rule.table, file)) return [];
  return [
    {
      keys: ['retention.rules', 'immutability.tables'],
      message: `rule ${ruleName(rule)} deletes from ${rule.table}, which is append-only: nobody can delete from it`,
    },
  ];
}

/** Without guards a row could change between the copy and the removal. */
function archivesOpen(rule: RetentionEntry, file: File): Contradiction[] {
  if (isGuarded(rule.table, file)) return [];
  return [
    {
      keys: ['retention.rules', 'immutability.tables'],
      message: `rule ${ruleName(rule)} archives ${rule.table}, which immutability.tables does not list: only what nobody can change leaves by its copy`,
    },
  ];
}

/** What was said last about how long rows are kept would change with every run. */
function archivesTwice(rule: ArchiveEntry, { retention }: File): Contradiction[] {
  const first = retention.rules.find(({ then, table }) => then === 'archive' && table === rule.table);
  if (first === undefined || first === rule) return [];
  const message = `rules ${ruleName(first)} and ${ruleName(rule)} both archive ${rule.table}: keep one`;
  return [{ keys: ['retention.rules'], message }];
}

function goesNowhere(rule: ArchiveEntry | MoveEntry, { archive }: File): Contradiction[] {
  const [name, keys] = [ruleName(rule), ['retention.rules', 'archive.destinations']];
  const moves = rule.then === 'archive' ? 'archives' : 'moves blobs of';
  const [first] = archive.destinations;
  if (first === undefined) return [{ keys, message: `rule ${name} ${moves} ${rule.table}, and archive.destinations is empty` }];
  const { destination: wanted = first.name } = rule;
  const found = archive.destinations.find((one) => one.name === wanted);
  if (found === undefined) {
    const known = archive.destinations.map((one) => one.name).join(', ');
    return [
      {
        keys,
        message: `rule ${name} ${rule.then === 'archive' ? 'archives' : 'moves blobs'} into ${wanted}, which is none of archive.destinations: ${known}`,
      },
    ];
  }
  const days = rule.retain === undefined ? 0 : daysOf(rule.retain);
  if (found.lock === undefined || found.lock.days >= days) return [];
  return [
    {
      keys,
      message: `rule ${name} keeps copies for ${rule.retain}, and the lock of ${wanted} ends after ${found.lock.days} days: ${days} are needed`,
    },
  ];
}

/** What is taken away from the one place would be gone from the other; links and mounts are looked at when the rule runs. */
function comesFromThere(rule: MoveEntry, { archive }: File): Contradiction[] {
  const to = archive.destinations.find(({ name }) => name === (rule.destination ?? archive.destinations[0]?.name));
  const same = rule.from.find(
    (one) =>
      to !== undefined &&
      ((one.type === 'folder' && to.type === 'folder' && one.path === to.path) ||
        (one.type === 's3' && to.type === 's3' && one.bucket === to.bucket && overlap(one.prefix ?? '', to.prefix ?? ''))),
  );
  if (to === undefined || same === undefined) return [];
  const message = `rule ${ruleName(rule)} moves blobs from ${same.name} to ${to.name}, which overlap: what is taken away from the one would be gone from the other`;
  return [{ keys: ['retention.rules', 'archive.destinations'], message }];
}

const overlap = (one: string, other: string): boolean => one.startsWith(other) || other.startsWith(one);

/** Whole days an age has at least, by the mean length of months and years. */
function daysOf(age: string): number {
  const [count = '0', unit = ''] = age.replace(/s$/, '').split(' ');
  const days = { minute: 1 / 1440, hour: 1 / 24, day: 1, week: 7, month: 30.4375, year: 365.25 }[unit] ?? 0;
  return Math.ceil(Number(count) * days);
}
