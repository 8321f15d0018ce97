import { ConfigError } from '../config/problem.ts';
import { ruleName } from '../config/retention-text.ts';
import type { OptionSpec } from '../core/command.ts';
import { fail } from '../core/errors.ts';
import { suggest } from '../core/suggest.ts';
import type { Session, SessionOptions } from '../db/session.ts';
import type { RetentionRule } from '../ops/retention/settings.ts';
import type { Context } from './context.ts';

export const RULE_OPTION: OptionSpec = {
  flags: '--rule <name>',
  description: 'only this rule of dbctl.yaml (default: all, in their order)',
  repeatable: true,
};

/** Whose rows are not all seen is told so by the server; what has no zone is UTC. */
export const RETENTION_SETTINGS = { row_security: 'off', timezone: 'UTC', datestyle: 'ISO' };

export const RETENTION_SESSION = {
  applicationName: 'dbctl retention',
  settings: RETENTION_SETTINGS,
} satisfies Partial<SessionOptions>;

/**
 * The rules that were named, or all, in the order of dbctl.yaml. Every condition is read by the server's own grammar first, at its place in the
 * file. Fails with config.invalid, and with usage for a name that is none.
 */
export async function rulesOf(context: Context, names: readonly string[] = []): Promise<readonly RetentionRule[]> {
  const loaded = await context.config();
  const { retentionRules } = await import('../ops/retention/settings.ts');
  const rules = retentionRules(loaded.config, ruleName);
  if (rules.length === 0) {
    fail('config.invalid', 'dbctl.yaml has no retention rule', {
      hint: 'docs/retention.md has examples: retention: {rules: [...]}.',
    });
  }
  for (const name of names) requireRule(name, rules);
  if (rules.some((rule) => conditionOf(rule) !== null)) {
    const { conditionProblem } = await import('../ops/retention/condition.ts');
    const problems = await Promise.all(
      rules.map(async (rule, index) => {
        const where = conditionOf(rule);
        const problem = where === null ? null : await conditionProblem(where);
        return problem === null ? [] : [loaded.problemAt(['retention', 'rules', index, 'where'], problem)];
      }),
    );
    if (problems.flat().length > 0) throw new ConfigError(problems.flat(), CONDITION_HINT);
  }
  return names.length === 0 ? rules : rules.filter(({ name }) => names.includes(name));
}

const conditionOf = (rule: RetentionRule): string | null => (rule.then === 'archive' ? null : rule.where);

const CONDITION_HINT = 'One SQL condition on one row, with the columns by their own names: docs/retention.md.';

function requireRule(name: string, rules: readonly RetentionRule[]): void {
  const known = rules.map((rule) => rule.name);
  if (known.includes(name)) return;
  const meant = suggest(name, known);
  fail('usage', `there is no retention rule ${name}${meant === undefined ? '' : `, did you mean ${meant}`}`, {
    hint: `dbctl.yaml has ${known.join(', ')}.`,
  });
}

/** A migration is waited for this long. */
const LOCK_WAIT_MS = 10_000;

/** Brings schema dbctl to what this dbctl knows, where holds and runs are recorded. Fails with db.version where a newer dbctl made it. */
export async function ensureRecords(session: Session, context: Context): Promise<void> {
  const [{ readSchemaVersion }, { ensureDbctlSchema, SCHEMA_VERSION }, { withAdvisoryLock }] = await Promise.all([
    import('../ops/schema/schema-version.ts'),
    import('../ops/schema/dbctl-schema.ts'),
    import('../db/advisory-lock.ts'),
  ]);
  if ((await readSchemaVersion(session)) >= SCHEMA_VERSION) return;
  const { config } = await context.config();
  await withAdvisoryLock(session, 'migrate', { waitMs: LOCK_WAIT_MS, signal: context.signal }, async () =>
    ensureDbctlSchema(session, config.migrations.table, await readSchemaVersion(session)),
  );
}

/** `schema.table`, as people write it. Fails with usage. */
export function tableOf(text: string): { readonly schema: string; readonly table: string } {
  const [schema, table, ...rest] = text.split('.');
  if (schema === undefined || table === undefined || schema === '' || table === '' || rest.length > 0) {
    fail('usage', `name the table with its schema, such as audit.audit_log, not ${text}`, {
      hint: 'Run dbctl retention hold --help.',
    });
  }
  return { schema, table };
}

/** A reason that says something to whoever reads it in two years. Fails with usage. */
export function reasonOf(text: unknown): string {
  const reason = typeof text === 'string' ? text.trim() : '';
  if (reason.length < 10 || reason.length > 2000) {
    fail('usage', 'say why in 10 to 2000 characters: --reason TEXT', { hint: 'It stays in the record for ever.' });
  }
  return reason;
}
