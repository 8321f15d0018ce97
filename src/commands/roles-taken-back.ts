import { item, type Item } from '../core/report.ts';
import type { Loan } from '../ops/roles/loan/loan.ts';
import type { EndedSessions } from '../ops/roles/loan/end-sessions.ts';
import type { TakenBack } from '../ops/roles/loan/take-back.ts';

/**
 * What became of a loan, to be read by whoever took it back. A session that goes on is a no: who has become the role there keeps it. `user` is
 * the role that runs dbctl.
 */
export function takenBackItem(loan: Loan, taken: TakenBack | null, user: string): Item {
  const about = { id: 'loan', object: `${loan.login} in ${loan.role}`, loan: loan.id };
  if (taken === null) return item({ ...about, message: 'was taken back by another run meanwhile' });
  const { sessions, kept, grantors, passedOn } = taken;
  const message = [membershipText(loan, taken), sessionsText(sessions)].join('; ');
  const detail = {
    kept: kept === null ? null : { ...kept.options, because: kept.because },
    grantors: [...grantors],
    passedOn: [...passedOn],
    ended: sessions.ended,
    remaining: sessions.remaining.map((one) => ({ ...one })),
  };
  if (sessions.remaining.length === 0) return item({ ...about, message, detail });
  return item({ ...about, message, detail, status: 'fail', severity: 'critical', fix: endThem(sessions, user) });
}

function membershipText({ login, role }: Loan, { kept, grantors, passedOn }: TakenBack): string {
  const from = grantors.length === 0 ? '' : ` from all who had granted it (${grantors.join(', ')})`;
  const on = passedOn.length === 0 ? '' : `; ${passedOn.join(', ')} lost it too, to whom it had been passed on`;
  if (kept === null) return `taken back${from}${on}`;
  const { inherit, set, admin } = kept.options;
  const options = `inherit ${inherit}, set ${set}, admin ${admin}`;
  return `the loan is over, and ${login} stays a member of ${role} as ${kept.because} wants it (${options})${on}`;
}

function sessionsText({ ended, remaining }: EndedSessions): string {
  const were = ended === 0 ? '' : ended === 1 ? '1 open session was ended' : `${ended} open sessions were ended`;
  if (remaining.length === 0) return were === '' ? 'no session was open' : were;
  const list = remaining.map(({ pid, why }) => `pid ${pid} (${why})`).join(', ');
  const not = `${remaining.length === 1 ? '1 goes on and has' : `${remaining.length} go on and have`} to be ended: ${list}`;
  return were === '' ? `of its open sessions ${not}` : `${were}, ${not}`;
}

/** The statement for who may, and what lets this user do it the next time. */
function endThem({ remaining }: EndedSessions, user: string): string {
  const calls = remaining.map(({ pid }) => `pg_catalog.pg_terminate_backend(${pid})`).join(', ');
  return `As a superuser: select ${calls}; and for the next time: grant pg_signal_backend to "${user.replaceAll('"', '""')}";`;
}
