import { parseArgs } from 'node:util';
import { parseRolesFile } from '../src/config/roles/load.ts';
import { withSession, type Session } from '../src/db/session.ts';
import { inTransaction } from '../src/db/transaction.ts';
import { auditRoles } from '../src/ops/roles/audit/audit.ts';
import type { RoleCatalog } from '../src/ops/roles/catalog/model.ts';
import { readInTransaction } from '../src/ops/roles/catalog/read.ts';
import { desiredState } from '../src/ops/roles/desired/state.ts';
import { scriptOf, stepsOf } from '../src/ops/roles/apply/apply.ts';
import { differences } from '../src/ops/roles/difference/differences.ts';
import type { Comparison } from '../src/ops/roles/difference/inputs.ts';
import type { Difference } from '../src/ops/roles/difference/model.ts';
import { planRoles } from '../src/ops/roles/plan/plan.ts';
import { readEscalationDetails } from '../src/ops/roles/escalation/read.ts';
import { effectiveRights } from '../src/ops/roles/rights/effective.ts';
import { withServer } from '../test/support/server.ts';
import { DRIFT, fillDatabase, rolesFileText, type Size } from './roles/database.ts';
import { ENTRIES, MATRIX, PERMISSIONS_VIEW } from './roles/ways.ts';

const TODAY = '2026-11-21';

const USAGE = `usage: npm run bench -- roles [options]
  --tables N    tables (default 10000), in 20 schemas
  --roles N     roles (default 500): a fifth of them nested groups, the others log in
  --audit-only  without the other ways, which take a minute
  --rounds N    rounds (default 3) of the audit; the other ways are run once, since they take long`;

/** `npm run bench -- roles`: an audit of many roles on many tables, beside asking the server about each of them. */
export async function run(args: readonly string[]): Promise<void> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      tables: { type: 'string', default: '10000' },
      roles: { type: 'string', default: '500' },
      rounds: { type: 'string', default: '3' },
      'audit-only': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return console.log(USAGE);
  const size = { tables: Number(values.tables), roles: Number(values.roles) };
  await withServer({ settings: { max_locks_per_transaction: '512', shared_buffers: '512MB' } }, async (server) => {
    const started = performance.now();
    await fillDatabase(server.url(), size);
    const target = server.target('bench');
    // dbctl itself makes the rest: memberships, CONNECT, USAGE, default privileges.
    await withSession(target, { access: 'write', statementTimeoutMs: 0 }, async (session) => {
      await session.script(scriptOf(planRoles(...(await compared(session, size)))));
      const left = planRoles(...(await compared(session, size)));
      if (stepsOf(left).length > 0) throw new Error(`left to do: ${stepsOf(left)[0]?.summary}`);
      await session.script(DRIFT);
      const [row] = await session.rows<{ n: string }>(ENTRIES);
      console.log(
        `${count(size.tables)} tables in 20 schemas, ${count(size.roles)} roles (a fifth of them nested groups), ${count(Number(row?.n))} ACL entries, ` +
          `made in ${seconds(performance.now() - started)}\n`,
      );
    });
    await withSession(target, { access: 'read', statementTimeoutMs: 0 }, async (session) => {
      const text = rolesFileText(size);
      const audits: Audit[] = [];
      for (let round = 0; round < Number(values.rounds); round += 1) audits.push(await audited(session, text));
      if (values['audit-only']) return print(audits, []);
      const naive = await timed(async () => Number((await session.rows<{ n: string }>(MATRIX))[0]?.n));
      const view = await timed(async () => Number((await session.rows<{ n: string }>(PERMISSIONS_VIEW))[0]?.n));
      print(audits, [
        ['has_table_privilege(), each role × table × privilege', naive.ms, naive.result],
        ['as the view of pg_permissions is made', view.ms, view.result],
      ]);
    });
  });
}

interface Audit {
  readonly readMs: number;
  /** Of this process; the server's is not in it. */
  readonly cpuMs: number;
  readonly fileMs: number;
  readonly wantedMs: number;
  readonly judgeMs: number;
  readonly rightsMs: number;
  readonly totalMs: number;
  readonly findings: number;
  readonly triples: number;
}

async function compared(session: Session, size: Size): Promise<[Difference[], Comparison]> {
  const catalog = await readInTransaction(session);
  const file = parseRolesFile(rolesFileText(size), 'roles.yaml', 'dev');
  const desired = desiredState(file, { catalog, insertable: new Map(), guardedSchemas: [], today: TODAY });
  const comparison = { file, desired, catalog, guarded: null, today: TODAY };
  return [differences(comparison), comparison];
}

/** All that `dbctl roles audit` does between the connection and the report; and, timed apart, counting every right, which it does not need to. */
async function audited(session: Session, text: string): Promise<Audit> {
  const cpu = process.cpuUsage();
  const begin = performance.now();
  const { catalog, details } = await inTransaction(session, 'isolation level repeatable read, read only', async () => {
    const read = await readInTransaction(session);
    return { catalog: read, details: await readEscalationDetails(session, read.roles) };
  });
  const read = performance.now();
  const file = parseRolesFile(text, 'roles.yaml', 'dev');
  const parsed = performance.now();
  const desired = desiredState(file, { catalog, insertable: new Map(), guardedSchemas: [], today: TODAY });
  const wanted = performance.now();
  const findings = auditRoles({ file, desired, catalog, guarded: null, today: TODAY }, details);
  const judged = performance.now();
  const triples = countTriples(catalog);
  const end = performance.now();
  const { user, system } = process.cpuUsage(cpu);
  return {
    cpuMs: (user + system) / 1000,
    readMs: read - begin,
    fileMs: parsed - read,
    wantedMs: wanted - parsed,
    judgeMs: judged - wanted,
    rightsMs: end - judged,
    totalMs: end - begin,
    findings: findings.length,
    triples,
  };
}

/** (role, table, privilege), as the other ways count them: of every role that somebody made, and the tables of these schemas. */
function countTriples(catalog: RoleCatalog): number {
  const rights = effectiveRights(catalog);
  const roles = catalog.roles.filter(({ builtIn }) => !builtIn);
  let triples = 0;
  for (const object of catalog.objects) {
    if (object.kind !== 'table') continue;
    for (const { id } of roles) triples += bits(rights(id, object));
  }
  return triples;
}

function bits(mask: number): number {
  let left = mask;
  let found = 0;
  for (; left !== 0; left &= left - 1) found += 1;
  return found;
}

async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; result: T }> {
  const begin = performance.now();
  const result = await work();
  return { ms: performance.now() - begin, result };
}

type Way = readonly [way: string, ms: number, triples: number];

function print(audits: readonly Audit[], others: readonly Way[]): void {
  const middle = audits.toSorted((a, b) => a.totalMs - b.totalMs)[Math.floor(audits.length / 2)];
  if (middle === undefined) return;
  const { readMs, fileMs, wantedMs, judgeMs, rightsMs, totalMs, findings, triples } = middle;
  const auditMs = totalMs - rightsMs;
  // The same question as the other ways answer: who may do what, now.
  const answerMs = readMs + rightsMs;
  const rows: readonly Way[] = [['catalogs read, and every effective right', answerMs, triples], ...others];
  console.log(`${'roles audit'.padEnd(54)} ${seconds(auditMs).padStart(8)}  ${count(findings).padStart(10)} findings`);
  for (const [way, ms, result] of rows) {
    const ratios = `${(ms / auditMs).toFixed(1)} × the audit, ${(ms / answerMs).toFixed(1)} × the same answer`;
    console.log(`${way.padEnd(54)} ${seconds(ms).padStart(8)}  ${count(result).padStart(10)} triples   ${ratios}`);
  }
  const parts = {
    'reading the catalogs': readMs,
    'and roles.yaml': fileMs,
    'what roles.yaml wants': wantedMs,
    judging: judgeMs,
    'effective rights': rightsMs,
  };
  console.log(
    `\nof which ${Object.entries(parts)
      .map(([part, ms]) => `${part} ${seconds(ms)}`)
      .join(', ')}`,
  );
  console.log(
    `audits: ${audits.map((one) => `${seconds(one.totalMs)} (${seconds(one.cpuMs)} of processor time here)`).join(', ')}; memory ${Math.round(process.memoryUsage().rss / 2 ** 20)} MB`,
  );
  if (new Set(rows.map(([, , result]) => result)).size > 1) throw new Error('the ways differ in what they found');
}

const count = (value: number): string => value.toLocaleString('en');
const seconds = (ms: number): string => `${(ms / 1000).toFixed(2)} s`;
