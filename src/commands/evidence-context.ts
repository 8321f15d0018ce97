import type { ReportPlace } from '../ops/report-chain/report.ts';
import type { Context } from './context.ts';
import { projectKeys, type ProjectKeys } from './signing-context.ts';

/** What every evidence command works with. */
export interface Evidence extends ProjectKeys {
  /** Where access reviews are kept. */
  readonly place: ReportPlace;
}

/** Good for a start, without a line of configuration. */
const BESIDE = { name: 'evidence', type: 'folder', path: 'evidence' } as const;

/** Opens the place of the environment. Nothing is connected to yet. Fails with config.invalid where dbctl.yaml is wrong. */
export async function openEvidence(context: Context): Promise<Evidence> {
  const [{ openRepository }, { PLAIN }, { config, folder }] = await Promise.all([
    import('../ops/storage/open.ts'),
    import('../ops/codec/codec.ts'),
    context.config(),
  ]);
  const place = await openRepository(config.evidence.storage ?? BESIDE, { ...context, folder }, () => PLAIN);
  context.atEnd(() => place.storage.close());
  return { place, ...(await projectKeys(context, { what: 'access reviews', key: 'ledger.signer' })) };
}
