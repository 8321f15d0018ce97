/** Values that survive JSON unchanged: what reports, snapshots and manifests are made of. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };
export type JsonObject = { readonly [key: string]: Json };
