import type { GetReport, PutReport } from '@pubky/sdk/dht'
import type { NetworkKind } from './contact.ts'

/** Fewer nodes than these look like a network that is not reached (spec/discovery.md 3.3). */
export interface Thresholds {
  /** Nodes that stored a publication. */
  stored: number
  /** Nodes that a look-up asked. */
  queried: number
  /** Nodes that answered it with something that can be used; refusals do not count. */
  responded: number
}

export const THRESHOLDS: Readonly<Record<NetworkKind, Thresholds>> = {
  local: { stored: 1, queried: 1, responded: 1 },
  mainnet: { stored: 10, queried: 20, responded: 5 },
}

/** Of what there was too little: `count` where `least` is usual. */
export interface FewNodes {
  what: keyof Thresholds
  count: number
  least: number
}

function fewOf(
  counts: Partial<Record<keyof Thresholds, number>>,
  thresholds: Thresholds,
): FewNodes | null {
  for (const what of ['stored', 'queried', 'responded'] as const) {
    const count = counts[what]
    if (count !== undefined && count < thresholds[what])
      return { what, count, least: thresholds[what] }
  }
  return null
}

/** What a look-up had too little of, the first cause of the others; null when nothing. */
export function fewAsked({ queried, responded }: GetReport, of: Thresholds): FewNodes | null {
  return fewOf({ queried, responded }, of)
}

/** Whether too few stored a publication; one that others stood in the way of is another matter. */
export function fewStored(report: PutReport, of: Thresholds): FewNodes | null {
  const { stored, notMoreRecent, casFailed } = report
  return notMoreRecent + casFailed > stored ? null : fewOf({ stored }, of)
}
