import { BENCHMARK_VERSIONS, benchmarkRefs, numbersOf } from './benchmark/benchmark.ts';
import type { Check } from './check.ts';
import { checkFileGuide } from './guide.ts';
import { needText } from './need.ts';

/** docs/checks.md: per group a table and each check with its reason, rights and fix; then how to write one. In the order given. */
export function checksTable(checks: readonly Check[]): string {
  const groups = [...new Set(checks.map(({ group }) => group))];
  const parts = groups.map((group) =>
    groupPart(
      group,
      checks.filter((check) => check.group === group),
    ),
  );
  return [NOTE, ...parts, checkFileGuide()].join('\n\n');
}

/** The benchmark is not public: numbers come from tools that quote it, and two of them disagree in places. */
const NOTE = 'Numbers of the CIS benchmark are advisory: they were not checked against the benchmark itself.';

function groupPart(group: string, checks: readonly Check[]): string {
  const rows = checks.map(
    (check) =>
      `| [\`${check.id}\`](#${check.id}) | ${check.severity} | ${cell(check.title)} | ${check.scope} | ${versions(check)} |`,
  );
  const table = ['| check | severity | passes when | scope | PostgreSQL |', '|---|---|---|---|---|', ...rows].join('\n');
  return [`## ${group}`, table, ...checks.map(checkPart)].join('\n\n');
}

function checkPart(check: Check): string {
  const needs = check.needs.length === 0 ? 'nothing but a login' : check.needs.map((need) => `\`${needText(need)}\``).join(', ');
  const compared = check.params.length === 0 ? [] : [`Compared with: ${check.params.map((name) => `\`${name}\``).join(', ')}.`];
  return [
    `### ${check.id}`,
    `${check.title}. ${check.why}`,
    [`Needs to see: ${needs}.`, ...compared].join('  \n'),
    `Fix:\n\n\`\`\`text\n${check.fix}\n\`\`\``,
    ...(check.fixManaged === null ? [] : [`Fix on a managed service:\n\n\`\`\`text\n${check.fixManaged}\n\`\`\``]),
    check.refs.map((ref) => `- ${ref.startsWith('https://') ? `<${ref}>` : ref}${elsewhere(check, ref)}`).join('\n'),
  ].join('\n\n');
}

/** What the items a check answers are called in the older benchmark, where numbers moved. */
function elsewhere(check: Check, ref: string): string {
  const own = benchmarkRefs({ refs: [ref] });
  const moved = BENCHMARK_VERSIONS.filter((version) => version !== own[0]?.version).flatMap((version) => {
    const numbers = own.length === 0 ? [] : numbersOf(check, version);
    return numbers.join() === own.map(({ number }) => number).join() || numbers.length === 0
      ? []
      : [`${version}: ${numbers.join(', ')}`];
  });
  return moved.length === 0 ? '' : ` (${moved.join('; ')})`;
}

function versions({ since, until }: Check): string {
  if (since === null && until === null) return 'all';
  if (until === null) return `${since} and later`;
  return since === null ? `up to ${until}` : `${since} to ${until}`;
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|');
}
