import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import { countByStatus, item, type Answer, type Item, type Target } from '../core/report.ts';
import type { KnownSecret, Side } from '../ops/roles/separation/judge.ts';
import type { Context } from './context.ts';
import { rolesFileOf } from './roles-passwords-context.ts';

export const spec: CommandSpec = {
  name: 'roles separation',
  summary: 'does an environment share passwords, logins or its cluster with another one?',
  description:
    'Looks at both servers: one cluster for both; verifiers that were copied with the globals; logins here whose password is one that the other ' +
    "environment's places hold (its URL, and password of roles.yaml), computed in memory; and tries each of those logins here: all must be " +
    'refused, and each leaves a failed login in the log of the server. Passwords are sent nowhere but in a SCRAM exchange. Needs to read ' +
    'pg_authid on both servers; what cannot be seen is unknown. Changes nothing. Exit 1 when something is shared, or could not be looked at.',
  effect: 'reads',
  options: [{ flags: '--with <environment>', description: 'the other environment of dbctl.yaml' }],
  examples: [['dbctl roles separation --env prod --with dev', 'every night, from where both can be reached']],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const [judge, { tryLogin }] = await Promise.all([
    import('../ops/roles/separation/judge.ts'),
    import('../ops/roles/password/prove-login.ts'),
  ]);
  const name = otherName(options, context);
  const other = await context.forEnvironment(name);
  const [here, there] = [await sideOf(context), await sideOf(other)];
  const secrets = await knownSecrets(other);
  const onOne = judge.sameCluster(here.side, there.side);
  // On one cluster every verifier is its own copy, and says no more.
  const compared =
    onOne.length > 0
      ? []
      : [...judge.copiedVerifiers(here.side, there.side), ...(await judge.reusedPasswords(here.side, there.side, secrets))];
  const target = await context.connection();
  const crossing = [];
  const untried: Item[] = [];
  for (const secret of secrets) {
    const proof = await tryLogin(target, secret.user, secret.password, context.signal);
    crossing.push(...judge.crossingLogin(here.side, there.side, secret, proof));
    if (proof.verdict === 'unknown')
      untried.push(
        item({
          id: 'login-crosses',
          object: secret.user,
          status: 'unknown',
          severity: 'medium',
          message: `could not be tried: ${proof.reason}`,
        }),
      );
  }
  const { ident } = await import('../db/ident.ts');
  const unseen = [here, there].flatMap((one) => unseenItem(one, ident));
  const shared = [...onOne, ...compared, ...crossing].map((one) => item({ ...one, status: 'fail', severity: 'critical' }));
  const items = [...shared, ...unseen, ...untried];
  return {
    ok: items.length === 0,
    items,
    summary: { ...countByStatus(items), logins: here.side.logins.length, secrets: secrets.length },
    target: here.target,
    view: {
      notes: [
        items.length === 0
          ? `${context.globals.env} and ${name} share no cluster, and none of ${secrets.length} known passwords of ${name}.`
          : `${shared.length} shared, ${unseen.length + untried.length} unknown.`,
        ...(secrets.length === 0 ? [`No password of ${name} is known here: copied verifiers alone could be looked for.`] : []),
      ],
    },
  };
}

function otherName(options: ParsedOptions, { globals }: Context): string {
  const name = options['with'] as string | undefined;
  if (name === undefined)
    fail('usage', 'say which environment to compare with: --with NAME', { hint: 'dbctl roles separation --env prod --with dev' });
  if (name === globals.env) fail('usage', `${name} is both environments`, { hint: 'Name another one with --with.' });
  return name;
}

interface Looked {
  readonly side: Side;
  readonly user: string;
  readonly target: Target;
}

async function sideOf(context: Context): Promise<Looked> {
  const { readLogins } = await import('../ops/roles/password/login-state.ts');
  return context.withDatabase({ access: 'read', applicationName: 'dbctl roles' }, async (session) => ({
    side: { environment: context.globals.env, systemIdentifier: session.systemIdentifier, logins: await readLogins(session) },
    user: session.user,
    target: context.target(session),
  }));
}

function unseenItem({ side, user }: Looked, ident: (name: string) => string): Item[] {
  if (side.logins.every(({ password }) => password !== null)) return [];
  const fix = `grant select (oid, rolpassword) on pg_catalog.pg_authid to ${ident(user)};`;
  const message = `${user} may not look at the passwords of ${side.environment}`;
  return [item({ id: 'copied-verifier', object: side.environment, status: 'unknown', severity: 'medium', message, fix })];
}

/** Passwords of the other environment that its own configuration leads to: of its connection, and of its roles. */
async function knownSecrets(other: Context): Promise<KnownSecret[]> {
  const [{ readRolePassword, passwordPlaceText }, target] = await Promise.all([
    import('../config/roles/password.ts'),
    other.connection(),
  ]);
  const found: KnownSecret[] = [];
  const [address] = target.hosts;
  const own = address === undefined ? undefined : await target.password(address);
  if (own !== undefined && own !== '') found.push({ user: target.user, password: own, from: 'its connection' });
  const { file, folder } = await rolesFileOf(other);
  for (const [user, { password: place }] of Object.entries(file.roles)) {
    if (place === undefined) continue;
    const password = await readRolePassword(place, { folder, variables: other.variables });
    if (password !== undefined) found.push({ user, password, from: passwordPlaceText(place) });
  }
  return found;
}
