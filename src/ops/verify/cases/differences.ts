import { isSilent, type Outcome } from '../outcome.ts';
import type { CheckCase } from './case-file.ts';
import { fixesOf, type Played } from './play.ts';

/** What a check said that its case does not want, as sentences; empty when the case holds. Pure. */
export function differences(story: CheckCase, { outcome, afterwards }: Played): string[] {
  const wanted = story.expect.kind === 'found' ? shown([...story.expect.objects].toSorted()) : story.expect.kind;
  const said = inWords(outcome);
  if (said !== wanted) return [`expected ${wanted}, and the check says ${said}`];
  const [fix] = fixesOf(outcome);
  return [
    ...(story.fix !== null && fix !== story.fix
      ? [`expected the fix ${quoted(story.fix)}, and it is ${quoted(fix ?? 'none')}`]
      : []),
    ...(outcome.kind === 'unknown' && story.fix === null ? ['a case that cannot look names the fix that would show it'] : []),
    ...(afterwards !== null && inWords(afterwards) !== 'none'
      ? [`once its fixes were run the check says ${inWords(afterwards)}`]
      : []),
    ...(outcome.kind === 'found' ? ofFindings(story, outcome) : []),
  ];
}

function ofFindings(story: CheckCase, outcome: Outcome & { kind: 'found' }): string[] {
  const { findings } = outcome;
  const [first] = findings;
  const severity = first?.data['severity'] ?? null;
  return [
    ...(story.says !== null && first?.detail.includes(story.says) !== true
      ? [`expected ${quoted(story.says)} in the message, and it is ${quoted(first?.detail ?? '')}`]
      : []),
    ...(story.severity !== null && severity !== story.severity
      ? [`expected severity ${story.severity}, and the row brings ${typeof severity === 'string' ? severity : 'none'}`]
      : []),
    ...(new Set(findings.map(({ object }) => object)).size < findings.length
      ? ['two rows have the same object: it is what waivers and histories name a finding by']
      : []),
    ...findings
      .filter(({ detail }) => /^$|\.$/.test(detail))
      .map(({ detail }) => `a message is not empty and has no final stop: ${quoted(detail)}`),
    ...fixesOf(outcome)
      .filter((fix) => /\{[a-z_]+(:[a-z]*)?\}/.test(fix))
      .map((fix) => `a name of the fix is not in data: ${quoted(fix)}`),
  ];
}

/** A query that fails is unknown as well, and never what a case means. */
function inWords(outcome: Outcome): string {
  switch (outcome.kind) {
    case 'pass':
      return 'none';
    case 'found':
      // A row that accuses nothing says so behind its object.
      return shown(
        outcome.findings
          .map((finding) => (isSilent(finding) ? `${finding.object} (${finding.data['status'] as string})` : finding.object))
          .toSorted(),
      );
    case 'unknown':
      return outcome.sqlstate === undefined ? 'unknown' : `failed: ${outcome.reason}`;
    case 'skipped':
      return `skipped: ${outcome.reason}`;
  }
}

function shown(objects: readonly string[]): string {
  return objects.map(quoted).join(', ');
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
