import { SEVERITIES } from '../../core/report.ts';
import { SCOPES } from './check.ts';
import { NEED_FORMS } from './need.ts';
import { PARAMETERS } from './parameters.ts';

/** How a project writes a check of its own: the end of docs/checks.md, made of the same words the reader of check files knows. */
export function checkFileGuide(): string {
  const keys = [
    ['title', 'yes', 'the state wanted, as a sentence that is true when the check passes'],
    ['severity', 'yes', SEVERITIES.join(', ')],
    ['group', 'yes', 'what `--group` and `verify.groups` choose by'],
    ['scope', 'yes', `${SCOPES.join(' or ')}: whether the answer is the same from every database`],
    ['since, until', 'no', 'first and last major version it applies to; others are skipped'],
    ['needs', 'no', `what it must be able to see, separated by commas: ${NEED_FORMS}`],
    ['params', 'no', 'what `$1`, `$2` … of the query stand for, separated by commas'],
    ['why', 'yes', 'what happens to the reader when it fails'],
    [
      'fix',
      'yes',
      'the next act, ready to paste: `{name}` is filled from `data` as an identifier, `{name:literal}` as a value, `{name:sql}` as it is',
    ],
    [
      'fix-managed',
      'no',
      'the same for servers of a managed service, where `fix` needs the machine; `alter system` is translated without it',
    ],
    ['refs', 'yes', 'where the rule comes from, one a line'],
  ];
  return [
    '## Checks of your own',
    'Every `*.sql` file in the folder `verify.checks` (default `checks`) is a check; its name is its id. It starts with a header of ' +
      '`--! key: value` lines (a value goes on after `--!` and two or more spaces), and below it has one query returning ' +
      '`object text, detail text, data jsonb`. No rows is a pass, a row is a finding: `object` names it for waivers and histories, `detail` ' +
      'is the message, `data` fills the fix, and a `severity` in it replaces that of the header; a `status` of `unknown` or `skipped` in it ' +
      'says that this object could not be looked at, or that there is nothing to say of it yet. What a role cannot see is unknown, never a ' +
      'pass: name in `needs` everything the query reads.',
    table(['key', 'needed', 'value'], keys),
    '`dbctl checks new ID` writes a scaffold of a check, and of its cases, into the folder; `dbctl checks test` plays the cases on a server ' +
      'made for it, each in a transaction that is rolled back. Ids that begin as those of dbctl are refused. A file `checks/cases/ID.sql` has ' +
      'one case after another: `--! case:` with what it is about, the SQL of its setup, run as a superuser, and what the check must then say. ' +
      'There must be one that finds something, one that passes and one that cannot look.',
    table(
      ['key of a case', 'value'],
      [
        ['case', 'what it is about, in words'],
        ['as', '`plain`: the check runs as a login role with no rights but those of PUBLIC; default: as a superuser'],
        ['database', 'options of `create database`, where the case needs a database of its own'],
        ['policy, advisories', 'JSON laid over the policy of dbctl.yaml, over the table of releases and vulnerabilities'],
        ['now', "the client's clock, as 2027-01-31T00:00:00Z"],
        ['expect', 'the objects of the findings, `none`, or `unknown`'],
        ['fix', 'the fix of the first finding, word for word; that of an unknown outcome has to be given'],
        ['says', "a part of the first finding's message"],
        ['severity', "the first finding's severity, where a row brings its own"],
        ['then', '`fixed`: running every fix makes the check pass'],
      ],
    ),
    'Values of `params`, bound to the query with their type:',
    table(
      ['name', 'type', 'from'],
      Object.entries(PARAMETERS).map(([name, { type, setting }]) => [`\`${name}\``, type, setting]),
    ),
  ].join('\n\n');
}

function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  return [titles, titles.map(() => '---'), ...rows].map((cells) => `| ${cells.join(' | ')} |`).join('\n');
}
