import { ANSWER_MEANING } from './answer.ts';
import { choiceText } from './choose.ts';
import { extrapolation, historyText } from './history.ts';
import type { DrillReport } from './report.ts';
import { secondsText } from './targets.ts';

/** The report for people: what was tried, what came of it, how long it took. Pure; the same report gives the same text. */
export function reportMarkdown(report: DrillReport): string {
  const { id, answer, at, operator, dbctl, backup, choice, history, previous } = report;
  const more = extrapolation(history, backup.sizeBytes);
  const manifest = backup.manifest === null ? '' : `, manifest \`${backup.manifest}\``;
  return [
    `# Restore drill ${id}`,
    '',
    `**${capital(answer)}.** ${ANSWER_MEANING[answer]}`,
    '',
    `Drilled ${at} by ${operator} with dbctl ${dbctl}${programsText(report)}.`,
    '',
    `Backup \`${backup.id}\` (${backup.type}), data of ${backup.snapshotAt}${manifest}; chosen: ${choiceText(choice)}.`,
    ...(choice.by === 'random' ? ['', `Drawn from: ${choice.among.map((one) => `\`${one}\``).join(', ')}.`] : []),
    '',
    ...measuredTable(report),
    '',
    ...stepTable(report),
    ...detailLists(report),
    '',
    [...(history === null ? [] : [historyText(history)]), ...(more === null ? [] : [more])].join(' '),
    '',
    previous === null ? 'The first report of this repository.' : `Follows \`${previous.id}\` (${previous.report}).`,
    '',
  ].join('\n');
}

function measuredTable({ rtoSeconds, rpoSeconds, targets, lastCommit }: DrillReport): string[] {
  const shown = (seconds: number | null, none: string) => (seconds === null ? none : secondsText(seconds));
  const last = lastCommit === null ? '' : `; last commit ${lastCommit}`;
  return [
    '| | measured | at most |',
    '|---|---|---|',
    `| time to a database that was looked at (RTO) | ${shown(rtoSeconds, 'not reached')} | ${shown(targets.rtoSeconds, 'not said')} |`,
    `| data that would be lost (RPO) | ${shown(rpoSeconds, 'not measured: a point was asked for')}${last} | ${shown(targets.rpoSeconds, 'not said')} |`,
  ];
}

const stepTable = ({ steps }: DrillReport): string[] => [
  '| step | outcome | seconds | what was seen |',
  '|---|---|---|---|',
  ...steps.map(
    ({ name, subject, outcome, seconds, message }) =>
      `| ${name}${subject === undefined ? '' : ` ${subject}`} | ${outcome} | ${seconds.toFixed(1)} | ${cell(message)} |`,
  ),
];

const detailLists = ({ steps }: DrillReport): string[] =>
  steps.flatMap(({ name, details = [] }) =>
    details.length === 0 ? [] : ['', `## ${name}`, '', ...details.map((detail) => `- ${cell(detail)}`)],
  );

function programsText({ programs }: DrillReport): string {
  const names = Object.entries(programs).map(([name, version]) => `${name} ${version}`);
  return names.length === 0 ? '' : `; the backup was made with ${names.join(', ')}`;
}

/** What a server said may hold anything; in a table it is one line. */
const cell = (text: string): string => text.replaceAll('|', '/').replaceAll(/\s*\n\s*/g, ' ');

const capital = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
