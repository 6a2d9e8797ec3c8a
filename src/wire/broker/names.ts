/** Names and versions of services, and which versions a policy lets through. */

export type NameFault = 'empty' | 'too_long' | 'charset';

export const NAME_REASONS: Readonly<Record<NameFault, string>> = {
  empty: 'service name must be at least 1 character',
  too_long: 'service name must be 64 characters or fewer',
  charset: "only lowercase ASCII letters, digits, and '-' allowed",
};

/** What is wrong with a service's or an instance's name. Upper case is refused, not folded: some systems' pipes ignore case. */
export function nameFault(name: string): NameFault | null {
  if (name === '') return 'empty';
  if (byteLength(name) > 64) return 'too_long';
  return /^[a-z0-9-]+$/.test(name) ? null : 'charset';
}

/** `1.2.3` or `1.2.3-rc.1`: digits only, no build metadata, any length. */
export function isVersion(version: string): boolean {
  return /^[0-9]+\.[0-9]+\.[0-9]+(-[a-z0-9.]+)?$/.test(version);
}

export interface VersionPolicy {
  /** Empty: no floor. */
  readonly minVersion: string;
  /** Exact versions; empty: all. */
  readonly allowList: readonly string[];
}

/**
 * Why a version is not let through. The floor looks at the three numbers only, so `1.10.0-alpha` satisfies `1.10.0`; one
 * that does not fit 64 bits compares with nothing, and passes. The list knows exact texts: `1.11.020` is not `1.11.20`.
 */
export function versionFault(wanted: string, policy: VersionPolicy): 'BelowMinVersion' | 'OutsideAllowList' | null {
  if (policy.minVersion !== '' && isBelow(wanted, policy.minVersion)) return 'BelowMinVersion';
  if (policy.allowList.length > 0 && !policy.allowList.includes(wanted)) return 'OutsideAllowList';
  return null;
}

/** Length in bytes of the text on the wire. */
export function byteLength(text: string): number {
  return Buffer.byteLength(text, 'utf8');
}

function isBelow(wanted: string, floor: string): boolean {
  const a = core(wanted);
  const b = core(floor);
  if (a === null || b === null) return false;
  for (let i = 0; i < 3; i++) if (a[i] !== b[i]) return a[i] < b[i];
  return false;
}

function core(version: string): bigint[] | null {
  const parts = version.split('-', 1)[0].split('.');
  // More digits than 64 bits have, so that a long text costs nothing.
  if (parts.some((p) => p.replace(/^0+/, '').length > 20)) return null;
  const numbers = parts.map(BigInt);
  return numbers.some((n) => n > 0xffff_ffff_ffff_ffffn) ? null : numbers;
}
