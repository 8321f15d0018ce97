import { fail } from '../core/errors.ts';
import type { LedgerSettings } from '../ops/ledger/settings.ts';
import type { Signer } from '../ops/ledger/signer.ts';
import type { Sink } from '../ops/ledger/sink.ts';
import type { Context } from './context.ts';

/** What every ledger command works with. */
export interface Ledger {
  readonly settings: LedgerSettings;
  readonly sinks: readonly Sink[];
  /** Fails with refused where dbctl.yaml names no key, or the key cannot be used. */
  signer(): Promise<Signer>;
}

/** Fails with config.invalid where no table is to be sealed. */
export async function openLedger(context: Context): Promise<Ledger> {
  const [{ ledgerSettings }, { openSinks }] = await Promise.all([
    import('../ops/ledger/settings.ts'),
    import('../ops/ledger/sink.ts'),
  ]);
  const { config, folder } = await context.config();
  const settings = ledgerSettings(config);
  if (settings.tables.length === 0) {
    fail('config.invalid', 'no table is in the ledger', {
      hint: 'List tables under immutability.tables, or ledger.tables, in dbctl.yaml.',
    });
  }
  return {
    settings,
    sinks: await openSinks(settings.sinks, { folder, log: context.log, clock: context.clock, variables: context.variables }),
    signer: async () => {
      if (settings.signer === null) {
        return fail('config.invalid', 'dbctl.yaml names no key to sign checkpoints with', {
          hint: 'Make one with dbctl ledger key, and name it under ledger.signer.',
        });
      }
      const { openSigner } = await import('../ops/ledger/signer.ts');
      return openSigner(settings.signer, { variables: context.variables, folder, signal: context.signal });
    },
  };
}
