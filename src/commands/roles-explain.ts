import type { CommandSpec, ParsedOptions } from '../core/command.ts';
import { item, type Answer, type Item } from '../core/report.ts';
import type { Role, SecuredObject } from '../ops/roles/catalog/model.ts';
import type { Comparison } from '../ops/roles/difference/inputs.ts';
import type { Explained } from '../ops/roles/explain/explain-object.ts';
import type { RoleFact } from '../ops/roles/explain/explain-role.ts';
import type { Privilege } from '../ops/roles/rights/privilege.ts';
import type { Context } from './context.ts';
import { comparer } from './roles-context.ts';

export const spec: CommandSpec = {
  name: 'roles explain',
  summary: 'why a role can, or cannot, do something',
  description:
    'With an object: for each of its privileges whether the role has it now, after SET ROLE, after granting itself what it may grant, or not at ' +
    'all; by which entry, who made it, and over which memberships; what else stands in the way (USAGE of the schema, CONNECT, row-level ' +
    'security, a read-only default, grants on columns alone); and the line of roles.yaml that says so, or the one that would have to. Without ' +
    'an object: what the role is, what it is a member of, what it owns and may do, and who reaches it. Reads in one snapshot, needs no more ' +
    'than a login. With --privilege exit 1 when the role cannot do it now.',
  effect: 'reads',
  targets: true,
  args: [
    { name: '<role>', description: 'a role of the cluster' },
    {
      name: '[object]',
      description:
        "as SQL writes it: identity.users, identity.users.email, 'schema audit', 'jobs.claim(integer)', database, 'parameter work_mem'",
    },
  ],
  options: [{ flags: '--privilege <word>', description: 'this privilege alone, such as insert; exit 1 when it cannot now' }],
  examples: [
    ['dbctl roles explain web_app', 'what the role is and may do'],
    ['dbctl roles explain web_app_1 identity.users', 'by which way it has what'],
    ['dbctl roles explain readonly audit.audit_log --privilege delete', 'yes or no, for a script'],
  ],
};

export async function run(options: ParsedOptions, context: Context): Promise<Answer> {
  const [{ inTransaction }, { roleOf }] = await Promise.all([
    import('../db/transaction.ts'),
    import('../ops/roles/explain/find-role.ts'),
  ]);
  const name = options['role'] as string;
  const asked = (options['object'] as string | undefined) ?? null;
  const word = (options['privilege'] as string | undefined) ?? null;
  const compare = await comparer(context);
  return context.withDatabase({ access: 'read', applicationName: 'dbctl roles' }, (session) =>
    inTransaction(session, 'isolation level repeatable read, read only', async () => {
      const comparison = await compare(session);
      const role = roleOf(name, comparison.catalog);
      const target = context.target(session);
      if (asked === null) {
        const { explainRole } = await import('../ops/roles/explain/explain-role.ts');
        if (word !== null) await needsObject();
        return { ...roleAnswer(role, explainRole(role, comparison, context.clock())), target };
      }
      const [{ readObjectName }, { readExplainFacts }, { findObject }, { explainObject, privilegeNamed }] = await Promise.all([
        import('../ops/roles/explain/object-name.ts'),
        import('../ops/roles/explain/facts.ts'),
        import('../ops/roles/explain/find-object.ts'),
        import('../ops/roles/explain/explain-object.ts'),
      ]);
      const objectName = readObjectName(asked);
      const facts = await readExplainFacts(session, objectName);
      const object = findObject(asked, objectName, comparison.catalog, facts.withColumn);
      const only: { only?: Privilege[] } = word === null ? {} : { only: [privilegeNamed(word, object, comparison.catalog)] };
      const explained = explainObject(role, object, comparison, { facts, now: context.clock(), ...only });
      return { ...(await objectAnswer(role, object, comparison, explained, word !== null)), target };
    }),
  );
}

async function needsObject(): Promise<never> {
  const { fail } = await import('../core/errors.ts');
  return fail('usage', '--privilege needs an object', {
    hint: 'Write it behind the role: dbctl roles explain ROLE OBJECT --privilege insert',
  });
}

function roleAnswer(role: Role, facts: readonly RoleFact[]): Answer {
  const items = facts.map(({ about, text }) => item({ id: about.replaceAll(' ', '-'), object: role.name, message: text, about }));
  return {
    ok: true,
    items,
    summary: { role: role.name, facts: items.length },
    view: {
      title: `The role ${role.name}`,
      columns: [
        { field: 'about', title: '' },
        { field: 'message', title: 'what it is' },
      ],
      notes: [`Why it may do something: dbctl roles explain ${role.name} OBJECT`],
    },
  };
}

async function objectAnswer(
  role: Role,
  object: SecuredObject,
  comparison: Comparison,
  explained: readonly Explained[],
  asked: boolean,
): Promise<Answer> {
  const [{ explainedText, answerWords, commonNotes }, { qualifiedText }] = await Promise.all([
    import('../ops/roles/explain/words.ts'),
    import('../ops/roles/explain/find-object.ts'),
  ]);
  const label = qualifiedText(object, comparison.catalog);
  const items = explained.map((one): Item =>
    item({
      id: one.privilege.toLowerCase().replaceAll(' ', '-'),
      object: label,
      status: one.can ? 'pass' : asked ? 'fail' : 'skipped',
      severity: asked && !one.can ? 'medium' : 'info',
      message: explainedText(one, role.name, comparison.file.label),
      fix: one.opens === null ? null : `in roles.yaml, under grants of ${one.opens.role}: ${one.opens.line}`,
      detail: {
        ways: one.ways.map((way) => ({ ...way })),
        obstacles: one.obstacles.map((obstacle) => ({ ...obstacle })),
        columns: [...one.columns],
        file: { ...one.file },
      },
      privilege: one.privilege,
      answer: answerWords(one),
      level: one.level,
      can: one.can,
    }),
  );
  return {
    ok: !asked || explained.every(({ can }) => can),
    items,
    summary: { role: role.name, object: label, can: explained.filter(({ can }) => can).map(({ privilege }) => privilege) },
    view: {
      title: `${role.name} and ${label}`,
      columns: [
        { field: 'privilege', title: 'privilege' },
        { field: 'answer', title: 'answer' },
        { field: 'message', title: 'why' },
      ],
      notes: commonNotes(explained),
    },
  };
}
