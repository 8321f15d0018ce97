import { fingerprint } from '../core/fingerprint.ts';
import type { FileLocation, Item, Report } from '../core/report.ts';
import { jsonText } from './json-text.ts';
import { itemLocation } from './location.ts';
import type { Renderer } from './renderer.ts';
import { invocation } from './sarif/invocation.ts';
import { objectLocation, physicalLocation } from './sarif/location.ts';
import { message } from './sarif/message.ts';
import { LEVELS, RANKS, rulesOf } from './sarif/rules.ts';
import type { Level, Rules } from './sarif/rules.ts';
import { fleetWords, objectText, targetOf } from './targets.ts';
import { visible, visibleBlock } from '../core/visible.ts';

const SCHEMA = 'https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json';

/**
 * SARIF 2.1.0 for code scanning: what fails, what is unknown and what is waived are results, in the command's order; what
 * passes or is skipped is not. What a baseline has and this run has not (baselineState `absent`) is no result either: GitHub takes every
 * result for an open alert, and calls fixed what is not there; the run's properties list it, in the summary.
 */
export const render: Renderer = (report, { toolVersion, locate = () => null }) => {
  const rules = rulesOf(report.items);
  const run = {
    tool: { driver: { name: 'dbctl', version: toolVersion, semanticVersion: toolVersion, rules: rules.descriptors } },
    automationDetails: { id: category(report) },
    invocations: [invocation(report)],
    columnKind: 'unicodeCodePoints',
    results: report.items.flatMap((item) => resultsOf(item, locate(item) ?? itemLocation(item), rules)),
  };
  return `${jsonText({ $schema: SCHEMA, version: '2.1.0', runs: [run] }, 2)}\n`;
};

/** What GitHub takes for the analysis (all before the last slash): a second environment must not replace the first. */
function category(report: Report): string {
  const { command, target } = report;
  const parts = ['dbctl', ...command.split(' '), ...(target === null ? fleetWords(report) : [target.env])];
  return `${parts.map((part) => visible(part).replaceAll('/', '-')).join('/')}/`;
}

function resultsOf(item: Item, place: FileLocation | null, rules: Rules): object[] {
  switch (item.status) {
    case 'fail':
      return [result(item, place, rules, LEVELS[item.severity], item.message)];
    case 'unknown':
      // Not kind `open`: that demands level none (SARIF 3.27.10), which viewers hide, and then it would look like a pass.
      return [result(item, place, rules, 'warning', `Could not be checked: ${item.message}`)];
    case 'waived': {
      const suppressions = [{ kind: 'external', status: 'accepted', justification: visibleBlock(item.message) }];
      return [{ ...result(item, place, rules, LEVELS[item.severity], item.message), suppressions }];
    }
    case 'skipped':
    case 'pass':
      return [];
  }
}

function result(item: Item, place: FileLocation | null, rules: Rules, level: Level, text: string): object {
  const { id, status, severity, fix, detail, baselineState } = item;
  const object = objectText(item);
  const target = targetOf(item);
  return {
    ruleId: id,
    ruleIndex: rules.indexes.get(id) ?? -1,
    kind: 'fail',
    level,
    message: message(fix === null ? text : `${text}\nFix: ${fix}`),
    locations: [{ ...physicalLocation(place), ...objectLocation(object) }],
    partialFingerprints: fingerprints(item),
    ...(typeof baselineState === 'string' && { baselineState }),
    rank: RANKS[severity],
    properties: {
      status,
      severity,
      ...(target !== null && { target }),
      ...(fix !== null && { fix }),
      ...(detail !== null && { detail }),
    },
  };
}

/**
 * The identity of a finding: the same after a dump and restore, in another file and on another line. GitHub compares
 * `primaryLocationLineHash` only, and would else hash the first line of dbctl.yaml for all objects of one rule alike.
 */
function fingerprints(item: Item): Record<string, string> {
  const { id, object, fingerprint: own } = item;
  const target = targetOf(item);
  const alone = typeof own === 'string' && own !== '' ? own : fingerprint(id, object);
  const hash = target === null ? alone : fingerprint(target, alone);
  return { 'dbctl/v1': hash, primaryLocationLineHash: `${hash.slice(0, 16)}:1` };
}
