import { SEVERITIES, STATUSES, type Metric, type Report } from '../core/report.ts';
import type { Renderer } from './renderer.ts';
import { visible } from '../core/visible.ts';

/**
 * The text exposition format 0.0.4, for the textfile collector of node_exporter or a push gateway: what the command measured, and
 * for every command how it ended. Labels are never taken from messages, so that series stay few.
 */
export const render: Renderer = (report, { view }) =>
  [...(view?.metrics ?? []), ...runMetrics(report)].map((metric) => metricText(metric)).join('');

function runMetrics(report: Report): Metric[] {
  const command = { command: report.command, env: report.target?.env ?? '' };
  const gauge = (name: string, help: string, value: number): Metric => ({
    name,
    help,
    type: 'gauge',
    samples: [{ labels: command, value }],
  });
  return [
    gauge('dbctl_run_ok', 'Whether the last run of the command ended with the answer yes.', report.ok ? 1 : 0),
    gauge('dbctl_run_exit_code', 'Exit status of the last run.', report.exitCode),
    gauge('dbctl_run_duration_seconds', 'How long the last run took.', report.durationMs / 1000),
    gauge('dbctl_run_timestamp_seconds', 'When the last run began, in seconds since 1970.', Date.parse(report.startedAt) / 1000),
    {
      name: 'dbctl_run_items',
      help: 'Items of the last run by status and severity.',
      type: 'gauge',
      samples: STATUSES.flatMap((status) =>
        SEVERITIES.flatMap((severity) => {
          const value = report.items.filter((item) => item.status === status && item.severity === severity).length;
          return value === 0 ? [] : [{ labels: { ...command, status, severity }, value }];
        }),
      ),
    },
  ];
}

function metricText({ name, help, type, samples }: Metric): string {
  if (samples.length === 0) return '';
  const lines = samples.map(({ labels, value }) => `${name}${labelText(labels)} ${value}`);
  return [`# HELP ${name} ${escapedHelp(help)}`, `# TYPE ${name} ${type}`, ...lines, ''].join('\n');
}

function labelText(labels: Readonly<Record<string, string>>): string {
  const pairs = Object.entries(labels).map(([label, value]) => `${label}="${escapedLabel(value)}"`);
  return pairs.length === 0 ? '' : `{${pairs.join(',')}}`;
}

/** Control characters are shown as escapes first, so that no line feed is left to escape. */
const escapedHelp = (text: string): string => visible(text).replaceAll('\\', '\\\\');
const escapedLabel = (text: string): string => escapedHelp(text).replaceAll('"', '\\"');
