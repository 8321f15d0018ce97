import { BENCHMARK_NAME, BENCHMARK_VERSIONS, byNumber, itemsOfVersion, numbersOf } from '../benchmark/benchmark.ts';
import type { Check } from '../check.ts';
import { THRESHOLD_PARAMETERS, THRESHOLDS, type Thresholds } from '../thresholds.ts';
import { PROFILES, type Profile } from './profile.ts';

const HEAD = `A profile says which checks count for whom, and how much. \`verify.profile\` in dbctl.yaml names it, \`--profile\` for one run; a check named
with \`--only\` runs whatever the profile says. \`verify.skip\`, \`verify.required\`, \`verify.fail_on\` and waivers hold under every profile.
Drills and other commands run the checks without one.`;

const ATTESTATIONS = `Some items are about the machine, which no session sees, and some no check looks at. They are **unknown until somebody attests to them**,
never a pass by themselves: \`--strict\` makes the answer no. While an attestation counts the item passes, because somebody has looked, and
the report says who, when and at what. \`verify.attestations\` names the file, \`dbctl.attestations.yaml\` by default:

\`\`\`yaml
- benchmark: cis-18          # name of the profile
  item: "1.3"                # in quotes: 3.10 without them is the number 3.1
  by: j.doe                  # who looked
  on: 2026-11-02             # when
  evidence: systemctl is-enabled said enabled on db1 and db2, ticket OPS-1234
  expires: 2027-11-02        # last day it counts (UTC), at most 366 days after the look
  environment: prod          # default: all environments
\`\`\`

From the day after \`expires\` the item is unknown again; 14 days before, the report says so. An attestation for an item that checks answer
is reported as unused: what can be tried is not taken on anybody's word. A mistake in the file ends the run before it connects.`;

/** docs/profiles.md. */
export function profilesPage(checks: readonly Check[]): string {
  return [
    HEAD,
    ...Object.values(PROFILES).map((profile) => profilePart(profile, checks)),
    '## Attestations',
    ATTESTATIONS,
    benchmarkPart(checks),
  ].join('\n\n');
}

function profilePart({ name, about, leaveOut, severities, thresholds }: Profile, checks: readonly Check[]): string {
  const changes = [
    ...leaveOut.map(({ checks, reason }) => `- leaves out ${checks.map(code).join(', ')}: ${reason}`),
    ...severities.map(({ check, severity, reason }) => `- ${code(check)} is ${severity}: ${reason}`),
    ...(Object.keys(thresholds) as (keyof Thresholds)[]).flatMap((key) => {
      const using = checks.filter(({ params }) => params.includes(THRESHOLD_PARAMETERS[key])).map(({ id }) => code(id));
      return using.length === 0
        ? []
        : [`- ${using.join(', ')}: ${code(key)} is ${thresholds[key]} instead of ${THRESHOLDS[key]}`];
    }),
  ];
  return [`## ${name}`, about, ...(changes.length === 0 ? [] : [changes.join('\n')])].join('\n\n');
}

function benchmarkPart(checks: readonly Check[]): string {
  const latest = BENCHMARK_VERSIONS.at(-1) ?? '';
  const older = BENCHMARK_VERSIONS.filter((version) => version !== latest);
  const rows = itemsOfVersion(latest).map((one) => {
    const answering = checks.filter((check) => numbersOf(check, latest).includes(one.number)).map(({ id }) => code(id));
    const by = [
      ...(one.text === true ? ['a text'] : []),
      ...(one.manual === undefined ? [] : [`a person: ${one.manual}`]),
      ...answering,
    ];
    const numbers = older.map((version) => one.ids[version] ?? '–');
    return `| ${[one.number, ...numbers, one.title, by.length === 0 ? '**not covered**' : by.join(', ')].join(' | ').replaceAll('\n', ' ')} |`;
  });
  const gone = older.flatMap((version) =>
    itemsOfVersion(version)
      .filter(({ ids }) => ids[latest] === undefined)
      .toSorted((a, b) => byNumber(a.number, b.number))
      .map(({ number, title }) => `${number} of ${version} (${title})`),
  );
  return [
    `## ${BENCHMARK_NAME} ${latest}`,
    'Numbers are kept by version of the benchmark, since items moved between versions; they are advisory, were not checked against the ' +
      'benchmark itself, and sources disagree in places. The titles are our own words. Which item a check answers stands in the `refs` of its file.',
    [
      `| ${[latest, ...older.map((version) => `in ${version}`), 'asks that', 'answered by'].join(' | ')} |`,
      `|---|${older.map(() => '---|').join('')}---|---|`,
      ...rows,
    ].join('\n'),
    ...(gone.length === 0 ? [] : [`Not in ${latest}: ${gone.join(', ')}.`]),
  ].join('\n\n');
}

function code(text: string): string {
  return `\`${text}\``;
}
