import { describe, expect, it } from 'vitest';
import { DbctlError } from '../../../src/core/errors.ts';
import type { Manifest } from '../../../src/ops/backup/manifest.ts';
import type { KnownBackup } from '../../../src/ops/backup/verify.ts';
import type { DrillReport } from '../../../src/ops/drill/report.ts';
import type { ClientProgram, ClientProgramName } from '../../../src/ops/tools/program.ts';
import { backupsFact, drillsFact } from '../../../src/ops/verify/backup-facts.ts';
import { clientToolsFact } from '../../../src/ops/verify/client-tools.ts';
import { judgeNodes, type Node } from '../../../src/ops/verify/cluster-nodes.ts';
import { factValue, lookWithin, type Fact } from '../../../src/ops/verify/facts.ts';

const SEEN: Fact = { kind: 'seen', value: [] };

describe('a look at something beside the server', () => {
  it('is given up after a while', async () => {
    const hangs = new Promise<Fact>(() => {});
    expect(await lookWithin(20, 'the repository', 'dbctl backup status', () => hangs)).toEqual({
      kind: 'unseen',
      reason: 'the repository did not answer within 0.02 s',
      fix: 'dbctl backup status',
    });
  });

  it('that fails is no answer; a defect is one', async () => {
    const failing = () => Promise.reject(new DbctlError('storage.failed', 'connection refused'));
    expect(await lookWithin(1000, 'the repository', 'f', failing)).toEqual({
      kind: 'unseen',
      reason: 'the repository: connection refused',
      fix: 'f',
    });
    await expect(lookWithin(1000, 'w', 'f', () => Promise.reject(new TypeError('a defect')))).rejects.toThrow('a defect');
    expect(await lookWithin(1000, 'w', 'f', () => Promise.resolve(SEEN))).toBe(SEEN);
  });

  it('is a parameter: null, which skips, only where there is nothing to look at', () => {
    expect(factValue(undefined)).toBeNull();
    expect(factValue({ kind: 'absent', reason: 'r' })).toBeNull();
    expect(factValue({ kind: 'unseen', reason: 'r', fix: 'f' })).toBe('{}');
    expect(factValue(SEEN)).toBe('[]');
  });
});

describe('nodes', () => {
  const node = (name: string, version: number): Node => ({ node: name, version, standby: false, problem: null });
  const silent: Node = { node: 'c', version: null, standby: null, problem: 'refused' };
  it.each<[string, readonly Node[], Fact['kind']]>([
    ['all of one release', [node('a', 180002), node('b', 180002)], 'seen'],
    ['one that is silent, and no difference', [node('a', 180002), silent], 'unseen'],
    ['one that is silent, and a difference', [node('a', 180002), node('b', 180010), silent], 'seen'],
    ['all silent', [silent], 'unseen'],
  ])('%s', (_, nodes, kind) => {
    expect(judgeNodes(nodes).kind).toBe(kind);
  });

  it('name who was silent, and why', () => {
    expect(judgeNodes([node('a', 180002), silent])).toEqual({
      kind: 'unseen',
      reason: 'c could not be asked: refused',
      fix: 'run dbctl verify where c can be reached',
    });
  });
});

describe('client programs', () => {
  const program = (name: ClientProgramName, versionNumber: number): ClientProgram => ({
    name,
    path: `/bin/${name}`,
    versionNumber,
    version: '',
    origin: 'PATH',
  });
  it('are those dbctl takes, else the newest there is; none is not known', () => {
    const old = program('psql', 150000);
    const found = [
      { name: 'psql', taken: null, all: [old] },
      { name: 'pg_dump', taken: program('pg_dump', 180006), all: [program('pg_dump', 190001)] },
      { name: 'pg_restore', taken: null, all: [] },
    ] as const;
    expect(clientToolsFact(found)).toEqual({
      kind: 'seen',
      value: [
        { name: 'psql', path: '/bin/psql', version: 150000 },
        { name: 'pg_dump', path: '/bin/pg_dump', version: 180006 },
      ],
    });
    expect(clientToolsFact(found.slice(2))).toMatchObject({ kind: 'unseen', fix: 'dbctl tools install' });
  });
});

describe('backups', () => {
  const rules = { environment: 'prod', maxAgeMs: 3_600_000, drillDays: 100 };
  const sealed = (id: string, environment: string, type = 'logical'): KnownBackup => ({
    id,
    state: 'sealed',
    manifest: { id, type, environment, snapshotAt: 'T', source: { database: 'lab' }, parent: null } as unknown as Manifest,
  });
  const broken: KnownBackup = { id: 'x', state: 'broken', problem: 'changed' };
  const unread: KnownBackup = { id: 'y', state: 'unread', problem: 'no answer' };

  it('count when they are of the environment and can be trusted', () => {
    const known = [sealed('a', 'prod'), sealed('b', 'staging'), sealed('c', 'prod', 'physical'), broken];
    expect(backupsFact([{ name: 'nightly', known, drills: [] }], rules)).toEqual({
      kind: 'seen',
      value: {
        environment: 'prod',
        max_age_seconds: 3600,
        repositories: ['nightly'],
        backups: [
          { repository: 'nightly', id: 'a', database: 'lab', at: 'T' },
          { repository: 'nightly', id: 'c', database: null, at: 'T' },
        ],
      },
    });
  });

  it('are not known where one could not be read, or a repository did not answer', () => {
    const good = { name: 'nightly', known: [sealed('a', 'prod')], drills: [] };
    expect(backupsFact([good, { name: 'far', problem: 'refused' }], rules)).toMatchObject({ reason: 'far: refused' });
    expect(backupsFact([{ ...good, known: [unread] }], rules)).toMatchObject({ reason: 'nightly: y: no answer' });
    expect(drillsFact([good, { name: 'far', problem: 'refused' }], rules)).toMatchObject({
      kind: 'unseen',
      reason: 'far: refused',
    });
  });

  it('have drills', () => {
    const drill = { id: '1', at: 'T', ok: true, backup: { id: 'a' } } as DrillReport;
    expect(drillsFact([{ name: 'nightly', known: [], drills: [drill] }], rules)).toEqual({
      kind: 'seen',
      value: { drill_days: 100, drills: [{ repository: 'nightly', id: '1', at: 'T', ok: true, backup: 'a' }] },
    });
  });
});
