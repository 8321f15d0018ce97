/** Where checks draw a line that a profile may draw elsewhere. */
export interface Thresholds {
  /** Oldest version of TLS the server may speak, as ssl_min_protocol_version has it. */
  readonly tlsVersion: 'TLSv1.2' | 'TLSv1.3';
  /** How much of its transaction ids a database may have used. */
  readonly wraparoundPercent: number;
}

export const THRESHOLDS: Thresholds = { tlsVersion: 'TLSv1.2', wraparoundPercent: 50 };

/** What checks call them in `--! params:`. */
export const THRESHOLD_PARAMETERS = {
  tlsVersion: 'tls_version',
  wraparoundPercent: 'wraparound_percent',
} as const satisfies Record<keyof Thresholds, string>;
