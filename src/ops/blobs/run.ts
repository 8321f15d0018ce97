import { setTimeout as sleep } from 'node:timers/promises';
import { DbctlError } from '../../core/errors.ts';
import type { Session } from '../../db/session.ts';
import type { Repository } from '../backup/repository.ts';
import type { Backlog } from '../retention/backlog.ts';
import { standbysAreNear } from '../retention/lag.ts';
import { deadlineOf, type RunControl } from '../retention/outcome.ts';
import { tableText } from '../retention/settings.ts';
import { atOnce } from '../storage/at-once.ts';
import { alarmOf, arrange, keptBlobs, rowOf, type Alarm, type Content } from './batch.ts';
import { inTurns, isRefusal, missingRights, readBegunRemovals, readCopies } from './events.ts';
import { HotTrouble, identityOf, requireApart, type HotPlace } from './hot.ts';
import { inspectBlobRule, type BlobFacts } from './inspect.ts';
import { Keyring } from './keyring.ts';
import type { Address } from './location.ts';
import { prepare, type Bench } from './prepare.ts';
import { removeBlob, type Ready } from './remove.ts';
import { readBlobBacklog, readDue, readReferrers, type Cursor, type ProofRow } from './rows.ts';
import type { BlobRule } from '../retention/settings.ts';
import { withSpool } from './spool.ts';

/** Where the blobs of a rule come from and go to. */
export interface BlobPlaces {
  readonly hot: readonly HotPlace[];
  readonly destination: Repository;
  /** Null: it is of another machine, and has nothing in common with a place blobs are moved from. */
  readonly destinationAddress: Address | null;
}

/** How far a run got with one rule. */
export interface BlobOutcome {
  readonly rule: BlobRule;
  /**
   * done: every blob that is old enough was looked at · time: its time was over · stopped: somebody stopped the run · failed: the server, this
   * machine or cold storage did not do what was asked, and what was moved before stands · unfit: it could not begin.
   */
  readonly state: 'done' | 'time' | 'stopped' | 'failed' | 'unfit';
  readonly cutOff: string | null;
  /** Blobs taken away from where they were, each once however many rows refer to it. */
  readonly moved: number;
  readonly movedBytes: number;
  /** Contents copied into cold storage; blobs with one content are copied once. */
  readonly copied: number;
  /** Old enough, and a young row or a held one refers to them as well. */
  readonly kept: number;
  /** Copied, and not read back by a second login yet. */
  readonly waiting: number;
  readonly alarms: number;
  /** The first of them. */
  readonly shown: readonly Alarm[];
  /** What still waits, counted up to a limit; null: it could not be counted. */
  readonly left: Backlog | null;
  readonly holds: readonly number[];
  readonly problem: string | null;
  readonly grants: readonly string[];
  readonly notes: readonly string[];
}

/** More than these are counted, not listed. */
const SHOWN = 50;

/** Small blobs are mostly waited for. */
const AT_ONCE = 8;

/** A larger one is moved alone: parts of several would be in memory at the same time. */
const LARGE = 8 << 20;

/** So many unreadable blobs one after the other, and it is the place that fails and not the blob. */
const GIVES_UP = 25;

interface Course {
  moved: number;
  movedBytes: number;
  copied: number;
  kept: number;
  waiting: number;
  alarms: number;
  readonly shown: Alarm[];
  readonly notes: Set<string>;
  /** One after the other. */
  unreadable: number;
}

/**
 * Moves the blobs of rows that are old enough to cold storage: copied, read back and hashed against the proof, recorded, and only then taken away
 * from where they were. The rows stay. Call it under the retention lock. What is wrong with one blob is an alarm, and the others go on. Fails only
 * where the connection does, or the places overlap.
 */
export async function runBlobRule(
  session: Session,
  rule: BlobRule,
  places: BlobPlaces,
  control: RunControl,
): Promise<BlobOutcome> {
  const { destination, destinationAddress, hot } = places;
  if (destinationAddress !== null) await requireApart(hot, { name: destination.name, address: destinationAddress });
  const facts = await inspectBlobRule(session, rule, 'move');
  if ('problem' in facts) return unfit(rule, facts.problem, facts.grants);
  const course: Course = {
    moved: 0,
    movedBytes: 0,
    copied: 0,
    kept: 0,
    waiting: 0,
    alarms: 0,
    shown: [],
    notes: new Set(),
    unreadable: 0,
  };
  const step = control.progress.step(`retention ${rule.name}`, undefined, 'bytes');
  try {
    const state = await withSpool(destination, control.signal, (spool) =>
      moveAll(session, facts, places, course, control, spool, (bytes) => step.tick(bytes)),
    );
    step.done(`${course.moved} blobs`);
    return await outcome(session, facts, course, state, null);
  } catch (thrown) {
    step.failed(`${course.moved} blobs`);
    if (control.signal.aborted) return outcome(session, facts, course, 'stopped', null);
    if (!(thrown instanceof DbctlError) || thrown.code === 'db.unreachable') throw thrown;
    return outcome(session, facts, course, 'failed', thrown.message);
  }
}

function unfit(rule: BlobRule, problem: string, grants: readonly string[]): BlobOutcome {
  const none = {
    moved: 0,
    movedBytes: 0,
    copied: 0,
    kept: 0,
    waiting: 0,
    alarms: 0,
    shown: [],
    left: null,
    holds: [],
    notes: [],
  };
  return { rule, state: 'unfit', cutOff: null, ...none, problem, grants };
}

async function moveAll(
  session: Session,
  facts: BlobFacts,
  { hot, destination }: BlobPlaces,
  course: Course,
  control: RunControl,
  spool: string,
  onBytes: (bytes: number) => void,
): Promise<'done' | 'time' | 'stopped'> {
  const { rule } = facts;
  const deadline = deadlineOf(rule, control);
  const keyring = new Keyring(destination);
  const mayVerify = (await missingRights(session, ['verify_blob'])).length === 0;
  for (let after: Cursor | null = null; ;) {
    if (control.signal.aborted) return 'stopped';
    if (performance.now() >= deadline) return 'time';
    if (!(await standbysAreNear(session, rule, course.notes, { deadline, signal: control.signal }))) continue;
    const { rows, end } = await readDue(session, facts, rule.batch, after);
    if (end === null) return 'done';
    after = end;
    const contents = await movable(session, facts, rows, hot, course);
    const hashes = contents.map(({ proof }) => proof.sha256);
    const copies = await readCopies(session, destination.name, hashes);
    const begun = await readBegunRemovals(session, tableText(rule), hashes);
    const bench = {
      session: inTurns(session),
      facts,
      destination,
      keyring,
      spool,
      mayVerify,
      copies,
      begun,
      onBytes,
      signal: control.signal,
    };
    if (!(await moveBatch(session, contents, bench, hot, course, deadline))) return 'time';
    await sleep(Math.min(rule.pauseMs, Math.max(0, deadline - performance.now())), undefined, { signal: control.signal }).catch(
      () => {},
    );
  }
}

/** What of the rows can be moved; the rest is an alarm, or stays for a row that is young or held. */
async function movable(
  session: Session,
  facts: BlobFacts,
  rows: readonly ProofRow[],
  hot: readonly HotPlace[],
  course: Course,
): Promise<Content[]> {
  const { contents, alarms } = arrange(rows, hot);
  for (const alarm of alarms) note(course, alarm);
  const referrers = await readReferrers(
    session,
    facts,
    facts.target,
    contents.map(({ proof }) => proof.sha256),
  );
  const kept = keptBlobs(referrers, hot);
  return contents.flatMap(({ proof, sources }) => {
    const free = sources.filter(({ blob }) => !kept.has(identityOf(blob)));
    course.kept += sources.length - free.length;
    return free.length === 0 ? [] : [{ proof, sources: free }];
  });
}

/** False: the time is over, and not all of them were begun. */
async function moveBatch(
  session: Session,
  contents: readonly Content[],
  bench: Bench,
  hot: readonly HotPlace[],
  course: Course,
  deadline: number,
): Promise<boolean> {
  const ready: Ready[] = [];
  let late = 0;
  const one = async (content: Content, signal: AbortSignal): Promise<void> => {
    if (performance.now() >= deadline) return void (late += 1);
    const { ready: more, alarms, waiting, copied, notes } = await prepare(content, { ...bench, signal });
    ready.push(...more);
    course.waiting += waiting;
    course.copied += copied ? 1 : 0;
    for (const text of notes) course.notes.add(text);
    for (const alarm of alarms) note(course, alarm);
    if (alarms.length === 0) course.unreadable = 0;
  };
  const isLarge = ({ proof }: Content) => proof.bytes > LARGE;
  await atOnce(
    contents.filter((content) => !isLarge(content)),
    AT_ONCE,
    bench.signal,
    one,
  );
  for (const next of ready.splice(0)) await removeOne(session, next, bench, hot, course);
  for (const content of contents.filter(isLarge)) {
    bench.signal.throwIfAborted();
    await one(content, bench.signal);
    for (const next of ready.splice(0)) await removeOne(session, next, bench, hot, course);
  }
  return late === 0;
}

async function removeOne(
  session: Session,
  ready: Ready,
  { facts }: Bench,
  hot: readonly HotPlace[],
  course: Course,
): Promise<void> {
  const row = rowOf({ sources: [ready.source] });
  try {
    const done = await removeBlob(session, facts, hot, ready);
    if (done === 'kept') course.kept += 1;
    else if (done !== 'removed') note(course, done);
    else {
      course.moved += 1;
      course.movedBytes += ready.copy.bytes;
    }
  } catch (thrown) {
    if (thrown instanceof HotTrouble) note(course, alarmOf(row, 'unreadable', `it could not be taken away: ${thrown.message}`));
    else if (isRefusal(thrown)) course.notes.add(`${thrown.message}.`);
    else throw thrown;
  }
}

function note(course: Course, alarm: Alarm): void {
  course.alarms += 1;
  if (course.shown.length < SHOWN) course.shown.push(alarm);
  course.unreadable = alarm.kind === 'unreadable' ? course.unreadable + 1 : 0;
  if (course.unreadable < GIVES_UP) return;
  throw new DbctlError('storage.failed', `${GIVES_UP} blobs one after the other could not be read, the last: ${alarm.message}`, {
    hint: 'Look at the place they are in. The next run goes on.',
  });
}

async function outcome(
  session: Session,
  facts: BlobFacts,
  course: Course,
  state: BlobOutcome['state'],
  problem: string | null,
): Promise<BlobOutcome> {
  const { moved, movedBytes, copied, kept, waiting, alarms, shown } = course;
  // The answer about what was moved must not fail for what is left.
  const left = await readBlobBacklog(session, facts, false).catch(() => null);
  return {
    rule: facts.rule,
    state,
    cutOff: facts.cutOff,
    moved,
    movedBytes,
    copied,
    kept,
    waiting,
    alarms,
    shown,
    left,
    holds: facts.holds,
    problem,
    grants: [],
    notes: [...course.notes],
  };
}
