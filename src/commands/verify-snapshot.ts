import { resolve } from 'node:path';
import { fail } from '../core/errors.ts';
import type { Answer } from '../core/report.ts';
import type { Session } from '../db/session.ts';
import type { Look } from '../ops/verify/run.ts';
import type { VerifyRequest } from '../ops/verify/verify.ts';
import { version } from '../package.ts';
import type { Context } from './context.ts';

/** Keeps what the server said, without a secret and for its owner's eyes. Returns the line that says so. */
export async function save(
  file: string,
  { outcomes, vendor }: Look,
  session: Session,
  request: VerifyRequest,
  context: Context,
): Promise<string> {
  const [{ snapshotText, writeSnapshot }, { answersOf }] = await Promise.all([
    import('../ops/verify/snapshot/document.ts'),
    import('../ops/verify/snapshot/replay.ts'),
  ]);
  const { host, port, database, user: role, serverVersion, serverVersionText, systemIdentifier } = session;
  const content = {
    dbctl: version(),
    takenAt: context.clock().toISOString(),
    project: request.project,
    environment: request.environment,
    server: { host, port, database, role, serverVersion, serverVersionText, systemIdentifier, vendor },
    checks: answersOf(outcomes, request),
  };
  await writeSnapshot(resolve(context.cwd, file), file, snapshotText(context.redacted(content)));
  return `What the server said is in ${file}; dbctl verify --snapshot ${file} judges it again, without the server.`;
}

/** Judges a snapshot as if the server had just answered. Fails with config.invalid for one that is none, or of another project or environment. */
export async function judgeSnapshot(file: string, request: VerifyRequest, context: Context): Promise<Answer> {
  const [{ readSnapshot }, { replay }, { verdictOn }] = await Promise.all([
    import('../ops/verify/snapshot/document.ts'),
    import('../ops/verify/snapshot/replay.ts'),
    import('../ops/verify/verify.ts'),
  ]);
  const snapshot = await readSnapshot(resolve(context.cwd, file), file);
  const { server, takenAt, project, environment, dbctl } = snapshot;
  if (project !== request.project)
    fail('config.invalid', `${file} is of project ${project}, and this is ${request.project}`, {
      hint: `Judge it by the policy of its project: in the folder of ${project}, or with --config.`,
    });
  if (environment !== request.environment)
    fail('config.invalid', `${file} is of environment ${environment}, and this is ${request.environment}`, {
      hint: `Judge it by the policy of its environment: --env ${environment}.`,
    });
  const { ok, items, summary, notes, overview } = verdictOn(replay(snapshot, request.selected.run, request), server, request);
  const { host, port, database, serverVersionText: serverVersion, systemIdentifier, role } = server;
  const said = `Judged without a server: ${file} has what it said to role ${role} at ${takenAt}.`;
  return {
    ok,
    items,
    summary: { ...summary, snapshot: { file, takenAt, role, dbctl } },
    target: { env: environment, host, port, database, serverVersion, systemIdentifier },
    view: { hidden: ['pass'], ...(overview === undefined ? {} : { overview }), notes: [said, ...notes] },
  };
}
