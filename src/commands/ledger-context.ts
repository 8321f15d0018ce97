import { fail } from '../core/errors.ts';
import type { LedgerSettings } from '../ops/ledger/settings.ts';
import type { Signer } from '../ops/signing/signer.ts';
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
  const written = ledgerSettings(config);
  if (written.tables.length === 0) {
    fail('config.invalid', 'no table is in the ledger', {
      hint: 'List tables under immutability.tables, or ledger.tables, in dbctl.yaml.',
    });
  }
  const signer = () => signerOf(written, folder, context);
  return {
    settings: written.publicKeys.length > 0 ? written : { ...written, publicKeys: await ownKey(signer) },
    sinks: await openSinks(written.sinks, { folder, log: context.log, clock: context.clock, variables: context.variables }),
    signer,
  };
}

async function signerOf({ signer }: LedgerSettings, folder: string, { variables, signal }: Context): Promise<Signer> {
  if (signer === null) {
    return fail('config.invalid', 'dbctl.yaml names no key to sign checkpoints with', {
      hint: 'Make one with dbctl ledger key, and name it under ledger.signer.',
    });
  }
  const { openSigner } = await import('../ops/signing/signer.ts');
  return openSigner(signer, { variables, folder, signal });
}

/** Before a project has listed its public keys, the key it signs with is trusted, where it is at hand. */
async function ownKey(signer: () => Promise<Signer>): Promise<readonly string[]> {
  return signer().then(
    ({ verifierKey }) => [verifierKey],
    () => [],
  );
}
