import { DbctlError, fail } from '../../core/errors.ts';
import { lsnText } from '../../core/lsn.ts';
import type { Replication, SystemIdentity } from '../../db/replication.ts';
import type { Outbox } from './outbox.ts';
import { readArchives } from './receive-archives.ts';
import { readySlot, slotsOf, usable, watchSlots, type SlotWatch } from './receive-slot.ts';
import { receiveTimeline, type TimelineEnd } from './receive-timeline.ts';
import type { ReceiveRequest, ReceiveState } from './receive-request.ts';
import { segmentName } from './segment.ts';
import { openSpool, spoolBegin, type Spool } from './spool.ts';
import { planStart, type ReceiveStart } from './start.ts';
import { historyName, parseHistory } from './history.ts';
import { lineageOf, type Lineage } from './lineage.ts';

/** Where receiving would begin, and what it takes to go on from there. */
export interface Beginning {
  readonly identity: SystemIdentity;
  readonly segmentBytes: number;
  /** Of the timeline the server is on. */
  readonly lineage: Lineage;
  /** Files of the archive. */
  readonly names: readonly string[];
  readonly at: ReceiveStart;
}

/** Looks where to go on; changes nothing. Fails with refused where the archive is of another server, or of another branch of this one. */
export async function findBeginning(
  replication: Replication,
  { repositories, spool, acceptGap, log }: ReceiveRequest,
  slotLsn: bigint | null,
): Promise<Beginning> {
  const identity = await replication.identify();
  const names = await readArchives(repositories, identity.systemIdentifier, log);
  const segmentBytes = await replication.segmentBytes();
  const lineage = await readLineage(replication, identity.timeline);
  const spoolLsn = await spoolBegin(spool, segmentBytes);
  const at = planStart({ names, segmentBytes, lineage, flushLsn: identity.flushLsn, slotLsn, spoolLsn, acceptGap });
  return { identity, segmentBytes, lineage, names, at };
}

/** What a receiver would do, without doing it. Fails as receiving would. */
export async function foreseeReceive(
  replication: Replication,
  request: ReceiveRequest,
): Promise<{ readonly timeline: number; readonly from: string; readonly makesSlot: boolean }> {
  const found = (await slotsOf(replication, request)).find(({ name }) => name === request.slot);
  const makesSlot = request.slot !== null && found === undefined;
  if (makesSlot && !request.createSlot)
    fail('refused', `the server has no replication slot ${request.slot}`, { hint: 'Add --create-slot.' });
  const { at } = await findBeginning(replication, request, found === undefined ? null : usable(found));
  return { timeline: at.timeline, from: lsnText(at.start), makesSlot };
}

/** Everything over one connection: where to go on, then one timeline after the other. Fails where it is lost. */
export async function receiveOver(
  replication: Replication,
  request: ReceiveRequest,
  state: ReceiveState,
  outbox: Outbox,
): Promise<Exclude<TimelineEnd, { kind: 'next' }>> {
  const { systemIdentifier } = await replication.identify();
  // Before a slot is made for an archive that is of another server.
  await readArchives(request.repositories, systemIdentifier, request.log);
  const spool = await openSpool(request.spool, await replication.segmentBytes());
  state.systemIdentifier = systemIdentifier;
  state.onStored = (name) => spool.forget(Number.parseInt(name.slice(0, 8), 16));
  await sendLeftovers(spool, outbox);
  const slotLsn = await readySlot(replication, request);
  const beginning = await findBeginning(replication, request, slotLsn);
  state.until ??= request.until === 'now' ? beginning.identity.flushLsn : request.until;
  state.lsn = beginning.at.start;
  const watch = watchSlots(replication, request);
  try {
    return await receiveTimelines({ replication, request, state, outbox, spool, beginning, watch });
  } finally {
    watch.end();
  }
}

interface Receiving {
  readonly replication: Replication;
  readonly request: ReceiveRequest;
  readonly state: ReceiveState;
  readonly outbox: Outbox;
  readonly spool: Spool;
  readonly beginning: Beginning;
  readonly watch: SlotWatch;
}

async function receiveTimelines(receiving: Receiving): Promise<Exclude<TimelineEnd, { kind: 'next' }>> {
  const { request, state, outbox, spool, beginning } = receiving;
  const known = new Set(beginning.names);
  for (let { at } = beginning; ;) {
    state.timeline = at.timeline;
    await storeHistories(receiving.replication, beginning.lineage, at, { spool, outbox, known });
    if (state.until !== null && at.start >= state.until) return { kind: 'reached', lsn: at.start };
    request.log.info(`receiving timeline ${at.timeline} from ${lsnText(at.start)}`);
    const end = await receiveFrom(at, receiving);
    if (end.kind !== 'next') return end;
    const { timeline, start } = end.next;
    request.log.info(`timeline ${at.timeline} ended at ${lsnText(start)}, the log goes on on ${timeline}`);
    at = { timeline, start: start - (start % BigInt(beginning.segmentBytes)) };
  }
}

async function receiveFrom(at: ReceiveStart, receiving: Receiving): Promise<TimelineEnd> {
  const { replication, request, state, outbox, spool, watch } = receiving;
  const { segmentBytes } = receiving.beginning;
  const stream = replication.stream({ slot: request.slot, timeline: at.timeline, start: at.start, clock: request.clock });
  const onFlushed = (lsn: bigint) => {
    watch.check();
    [state.pauseMs, state.streamed] = [0, true];
    state.bytes += Number(lsn - state.lsn);
    state.lsn = lsn;
  };
  const inputs = { stream, at, segmentBytes, spool, outbox, until: state.until, signal: request.signal, onFlushed };
  return receiveTimeline(inputs).catch((thrown: unknown) => explained(thrown, request, at, segmentBytes));
}

async function sendLeftovers(spool: Spool, outbox: Outbox): Promise<void> {
  for (const name of await spool.leftovers()) await outbox.add(`${spool.folder}/${name}`, name, null);
  await outbox.empty();
}

async function readLineage(replication: Replication, timeline: number): Promise<Lineage> {
  if (timeline === 1) return lineageOf(1, []);
  return lineageOf(timeline, parseHistory(historyName(timeline), await replication.timelineHistory(timeline)));
}

interface Places {
  readonly spool: Spool;
  readonly outbox: Outbox;
  /** Names that are in the archive; grows. */
  readonly known: Set<string>;
}

/** A recovery finds its way by the history files: each timeline's comes before its first segment. */
async function storeHistories(
  replication: Replication,
  lineage: Lineage,
  at: ReceiveStart,
  { spool, outbox, known }: Places,
): Promise<void> {
  const wanted = [...new Set([...lineage.map(({ timeline }) => timeline), at.timeline])].filter(
    (one) => one > 1 && one <= at.timeline,
  );
  for (const timeline of wanted) {
    const name = historyName(timeline);
    if (known.has(name)) continue;
    const text = await replication.timelineHistory(timeline).catch((thrown: unknown) => {
      // A server made from a backup may lack those of long ago; the one we are on it always has.
      if (timeline === at.timeline || !(thrown instanceof DbctlError) || thrown.code !== 'sql.failed') throw thrown;
      return null;
    });
    if (text === null) continue;
    await outbox.add(await spool.put(name, text), name, null);
    known.add(name);
  }
}

/** What the server says when it cannot send from there, in words for whoever is called. */
function explained(thrown: unknown, { slot, acceptGap }: ReceiveRequest, at: ReceiveStart, segmentBytes: number): never {
  const { code, sqlstate } = stateOf(thrown);
  const state = sqlstate ?? code;
  if (state === '55006') {
    return fail('lock.held', `slot ${slot ?? ''} is used by another receiver`, {
      hint: 'Two receivers need a slot each. A dead connection lets go of it after wal_sender_timeout.',
      sqlstate: '55006',
      cause: thrown,
    });
  }
  if (state !== '58P01') throw thrown;
  return fail(
    'refused',
    `the server no longer has ${segmentName(at.timeline, at.start, segmentBytes)}, with which the archive goes on`,
    {
      hint: acceptGap
        ? 'Take a physical backup, and begin anew with an empty repository.'
        : 'No recovery gets across what is missing: take a physical backup, and go on with --accept-gap. A slot prevents it.',
      cause: thrown,
    },
  );
}

const stateOf = (thrown: unknown) => thrown as { readonly code?: unknown; readonly sqlstate?: unknown };
