import type { Metric } from '../../core/report.ts';
import { exitOf, type Looked } from './looked.ts';

/** The metrics of all targets as one set: a metric is described once, and each sample says whose it is. Pure. */
export function fleetMetrics(looked: readonly Looked[]): readonly Metric[] {
  const byName = new Map<string, Metric>();
  for (const { target, end } of looked) {
    if (end.kind === 'unseen') continue;
    for (const metric of end.answer.view?.metrics ?? []) {
      const samples = metric.samples.map(({ labels, value }) => ({ labels: { target: target.name, ...labels }, value }));
      byName.set(metric.name, { ...metric, samples: [...(byName.get(metric.name)?.samples ?? []), ...samples] });
    }
  }
  return [
    ...byName.values(),
    perTarget(looked, 'dbctl_target_exit_code', 'What the exit status of a run over this target alone would be.', exitOf),
    perTarget(looked, 'dbctl_target_duration_seconds', 'How long looking at the target took.', (one) => one.durationMs / 1000),
  ];
}

function perTarget(looked: readonly Looked[], name: string, help: string, value: (one: Looked) => number): Metric {
  const samples = looked.map((one) => ({ labels: { target: one.target.name, env: one.env }, value: value(one) }));
  return { name, help, type: 'gauge', samples };
}
