import { DbctlError } from '../../../core/errors.ts';
import type { JsonObject } from '../../../core/json.ts';
import type { Session } from '../../../db/session.ts';
import type { Exported } from '../../archive/export.ts';
import type { Repository } from '../../backup/repository.ts';
import { standbysAreNear } from '../lag.ts';
import { patiently } from '../lock-pause.ts';
import { deadlineOf, unfitOutcome, type RuleOutcome, type RunControl } from '../outcome.ts';
import type { ArchiveRule } from '../settings.ts';
import { damageOf, recordCopy, seeCopy } from './copy.ts';
import type { PartitionFacts, SegmentFacts, TableFacts } from './facts.ts';
import { inspectTable, isUnfitTable } from './inspect.ts';
import { backlogOf, planTable, type PartitionPlan } from './plan.ts';

/** What a run needs besides the database it holds the lock of. */
export interface ArchiveTools {
  /** Column of the ledger. */
  readonly xidColumn: string;
  readonly publicKeys: readonly string[];
  /** A destination of dbctl.yaml; null: the one of the rule. Fails with usage where there is none of that name. */
  destination(name: string | null): Promise<Repository>;
  /** Before the first fence. Fails where no copy could be made: no key to sign with, a writer of Parquet that does not start. */
  ready(): Promise<void>;
  /** A session of the same login without a limit of time, closed when `use` returns: an export that fails leaves it of no use. */
  session<T>(use: (session: Session) => Promise<T>): Promise<T>;
  /** {@link file://../../archive/export.ts exportRelation} with what the project says; null: as long as all archives are kept. */
  export(session: Session, relation: string, retainDays: number | null): Promise<Exported>;
}

/** What a run did with one partition. */
interface Done {
  readonly partition: string;
  readonly did: 'removed' | 'copied' | 'waits' | 'stays' | 'failed';
  readonly message: string;
  readonly rows: number;
  readonly hotBytes: number;
  readonly coldBytes: number | null;
  readonly segment: string | null;
}

/**
 * Moves the partitions of a table on, oldest first, each by what is next for it: removes it where somebody else has read its copy back, else fences
 * it, copies it and records the copy. What an earlier run left half done is found and finished. Stops between two steps. Call it under the
 * retention lock. Returns also where a step was refused: the steps before it stand. Fails only where the connection does.
 */
export async function runArchiveRule(
  session: Session,
  rule: ArchiveRule,
  control: RunControl,
  tools: ArchiveTools,
): Promise<RuleOutcome> {
  const table = await tools.session((one) => inspectTable(one, rule, tools));
  if (isUnfitTable(table)) return unfitOutcome(rule, table.problem, table.grants);
  const course: Course = { rule, control, tools, table, notes: new Set(), done: [], problem: null };
  const state = await moveOn(session, course).catch((thrown: unknown) => {
    if (control.signal.aborted) return 'stopped' as const;
    if (!(thrown instanceof DbctlError) || thrown.code === 'db.unreachable') throw thrown;
    course.problem ??= failureText(thrown);
    return 'failed' as const;
  });
  return outcome(course, state);
}

interface Course {
  readonly rule: ArchiveRule;
  readonly control: RunControl;
  readonly tools: ArchiveTools;
  readonly table: TableFacts;
  readonly notes: Set<string>;
  readonly done: Done[];
  problem: string | null;
}

async function moveOn(session: Session, course: Course): Promise<RuleOutcome['state']> {
  const { rule, control, table, notes } = course;
  const deadline = deadlineOf(rule, control);
  await sayKeep(session, course);
  for (const plan of planTable(table)) {
    while (!(await standbysAreNear(session, rule, notes, { deadline, signal: control.signal })))
      if (control.signal.aborted || performance.now() >= deadline) break;
    if (control.signal.aborted) return 'stopped';
    if (performance.now() >= deadline) return 'time';
    try {
      course.done.push(await moveOne(course, plan));
    } catch (thrown) {
      if (control.signal.aborted) return 'stopped';
      if (!(thrown instanceof DbctlError) || thrown.code === 'db.unreachable') throw thrown;
      course.problem ??= `${plan.facts.name}: ${failureText(thrown)}`;
      course.done.push(doneWith(plan.facts, 'failed', failureText(thrown)));
      if (thrown.hint !== undefined) notes.add(`${plan.facts.name}: ${thrown.hint}`);
      // The next partition would meet the same full disk, or the same lost network.
      if (thrown.code === 'storage.failed') return 'failed';
    }
  }
  return course.problem === null ? 'done' : 'failed';
}

const failureText = ({ message, sqlstate }: DbctlError): string =>
  sqlstate === undefined || message.includes(sqlstate) ? message : `${message} (${sqlstate})`;

/**
 * Says in the database how long rows are kept: it is what the removal goes by, whoever asks for it. Raised where the rule is longer; what is longer
 * there was said by somebody, and is not lowered by a file.
 */
async function sayKeep(session: Session, { rule, table, notes }: Course): Promise<void> {
  const { said } = table;
  if (said?.than === 'same') return;
  if (said?.than === 'longer') {
    notes.add(keepText(rule, said.keep));
    return;
  }
  await session.rows(
    'select dbctl.keep_rows($1::pg_catalog.int8::pg_catalog.oid::pg_catalog.regclass, $2::pg_catalog.interval, $3)',
    [table.oid, rule.keep, rule.basis],
  );
  notes.add(`${rule.name}: rows of ${rule.schema}.${rule.table} are kept for ${rule.keep} from now on, as the rule says.`);
}

/** What somebody said by hand, and how to take it back. */
export const keepText = (rule: ArchiveRule, said: string): string =>
  `${rule.name}: the database promises ${said}, the rule ${rule.keep}. What is promised is lowered by hand alone, and for rows to come: select dbctl.keep_rows('${rule.schema}.${rule.table}', '${rule.keep}', 'why');`;

async function moveOne(course: Course, plan: PartitionPlan): Promise<Done> {
  const { facts } = plan;
  switch (plan.step) {
    case 'stay':
      return doneWith(facts, 'stays', plan.why);
    case 'copy':
      return copy(course, facts);
    case 'wait':
      return (await copyIsGone(course, plan.segment))
        ? copy(course, facts, 'its copy was gone, so it was copied again; ')
        : doneWith(
            facts,
            'waits',
            `waits until somebody else than ${plan.segment.exportedBy} has read its copy back`,
            plan.segment,
          );
    case 'remove':
      return (await copyIsGone(course, plan.segment))
        ? copy(course, facts, 'its copy was gone, though it had been verified, so it was copied again; ')
        : remove(course, facts, plan.segment);
  }
}

/** Fails with archive.failed where it is there, and is not what was recorded: somebody has to look. */
async function copyIsGone({ tools }: Course, segment: SegmentFacts): Promise<boolean> {
  const destination = await tools.destination(segment.detail.destination ?? null);
  const sight = await seeCopy(destination, segment, tools.publicKeys);
  return typeof sight === 'string' ? sight === 'gone' : damaged(segment, sight.problem);
}

function damaged({ uri }: SegmentFacts, problem: string): never {
  throw new DbctlError('archive.failed', `its copy ${uri} is damaged: ${problem}; the rows stay in the database`, {
    hint: 'Find out what happened to it, take it out of the destination, and run dbctl retention run again: it is copied anew.',
  });
}

async function copy({ rule, tools, control }: Course, facts: PartitionFacts, why = ''): Promise<Done> {
  const destination = await tools.destination(null);
  await tools.ready();
  return tools.session(async (session) => {
    if (!facts.isFenced)
      await patiently(control.signal, () => session.rows(FENCE, [facts.oid, `rule ${rule.name}: ${rule.basis}`]));
    control.signal.throwIfAborted();
    const exported = await tools.export(session, facts.name, await retainDays(session, rule));
    control.signal.throwIfAborted();
    const segment = await patiently(control.signal, () => recordCopy(session, facts, exported, destination, tools.publicKeys));
    const { manifest } = exported;
    const coldBytes = manifest.files.reduce((sum, { bytes }) => sum + bytes, 0);
    return {
      ...doneWith(
        facts,
        'copied',
        `${why}copied to ${destination.name} as ${manifest.id}; waits until somebody else has read it back`,
      ),
      rows: manifest.rows,
      coldBytes,
      segment,
    };
  });
}

const FENCE = 'select dbctl.fence_partition($1::pg_catalog.int8::pg_catalog.oid::pg_catalog.regclass, $2)';

/** Days until the copy may go, by the calendar of the server. */
async function retainDays(session: Session, { retain }: ArchiveRule): Promise<number | null> {
  if (retain === null) return null;
  const [row] = await session.rows<{ days: number }>(
    `select pg_catalog.ceil(extract(epoch from (pg_catalog.now() + $1::pg_catalog.interval) - pg_catalog.now()) / 86400)::pg_catalog.float8 as days`,
    [retain],
  );
  return row?.days ?? null;
}

async function remove({ tools, control }: Course, facts: PartitionFacts, segment: SegmentFacts): Promise<Done> {
  const destination = await tools.destination(segment.detail.destination ?? null);
  const step = control.progress.step(`read ${segment.segment} again`, segment.coldBytes, 'bytes');
  const options = { onBytes: (bytes: number) => step.tick(bytes), signal: control.signal };
  const damage = await damageOf(destination, segment, tools.publicKeys, options);
  if (damage !== null) {
    step.failed();
    return damaged(segment, damage);
  }
  step.done();
  control.signal.throwIfAborted();
  try {
    await tools.session((session) =>
      patiently(control.signal, () => session.rows('select dbctl.remove_partition($1)', [segment.segment])),
    );
  } catch (thrown) {
    // A hold that came since the look wins.
    if (!(thrown instanceof DbctlError) || thrown.sqlstate !== 'IM015') throw thrown;
    return doneWith(facts, 'stays', thrown.message, segment);
  }
  return doneWith(facts, 'removed', `removed; its copy is ${segment.uri}`, segment);
}

const doneWith = (
  { name, rows, hotBytes }: PartitionFacts,
  did: Done['did'],
  message: string,
  segment: SegmentFacts | null = null,
): Done => ({
  partition: name,
  did,
  message,
  rows: segment?.rows ?? rows ?? 0,
  hotBytes,
  coldBytes: segment?.coldBytes ?? null,
  segment: segment?.segment ?? null,
});

async function outcome(course: Course, state: RuleOutcome['state']): Promise<RuleOutcome> {
  const { rule, table, done, notes, tools, problem } = course;
  const removed = done.filter(({ did }) => did === 'removed');
  // The answer about what is gone must not fail for what is left.
  const after = await tools.session((one) => inspectTable(one, rule, tools)).catch(() => null);
  const left = after === null || isUnfitTable(after) ? null : backlogOf(planTable(after));
  for (const one of done) if (one.did !== 'failed') notes.add(`${one.partition}: ${one.message}.`);
  return {
    rule,
    state,
    cutOff: table.cutOff,
    deleted: removed.reduce((sum, { rows }) => sum + rows, 0),
    batches: removed.length,
    left,
    holds: [...table.holds],
    problem,
    grants: [],
    words: state === 'done' ? wordsOf(done) : null,
    notes: [...notes],
    more: { partitions: done.map((one): JsonObject => ({ ...one })) },
  };
}

const DID: readonly (readonly [Done['did'], string])[] = [
  ['removed', 'removed'],
  ['copied', 'copied'],
  ['waits', 'waiting to be read back'],
  ['stays', 'staying'],
];

/** `1 partition removed, 2 copied`. */
function wordsOf(done: readonly Done[]): string {
  const counted = DID.map(([did, word]) => [done.filter((one) => one.did === did).length, word] as const).filter(
    ([count]) => count > 0,
  );
  if (counted.length === 0) return 'no partition is old enough';
  return counted
    .map(([count, word], at) => `${count} ${at === 0 ? `${count === 1 ? 'partition' : 'partitions'} ` : ''}${word}`)
    .join(', ');
}
