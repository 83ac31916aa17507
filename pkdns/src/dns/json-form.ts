import { decodeDnsMessage, type ResourceRecord } from '@pubky/protocol'
import { typeCode } from '@pubky/protocol/dns/rdata'
import { dataText } from '../zone/record-text.ts'
import type { Answer } from './answer.ts'
import { FLAGS, RCODES } from './codes.ts'

interface JsonRecord {
  name: string
  type: number
  TTL: number
  data: string
}

/** The form that public resolvers give, and what only this one knows: whose record, and how fresh. */
export interface JsonAnswer {
  Status: number
  TC: boolean
  RD: boolean
  RA: boolean
  AD: boolean
  CD: boolean
  Question: { name: string; type: number }[]
  Answer?: JsonRecord[]
  Authority?: JsonRecord[]
  pubky?: {
    stale: boolean
    keys: {
      key: string
      /** When the owner signed it. */
      signed: string
      /** When the network last gave it. */
      seen: string
      ageSeconds: number
      /** DHT nodes that held this version at the last look-up. */
      nodes: number | null
    }[]
  }
}

export function jsonForm(
  answer: Answer,
  o: { name: string; type: number; nowMs: number },
): JsonAnswer {
  const { flags, answers, authorities } = decodeDnsMessage(answer.bytes)
  const age = Math.max(0, Math.floor((o.nowMs - answer.bornMs) / 1000))
  const records = (list: readonly ResourceRecord[]): JsonRecord[] =>
    list.map(({ name, ttl, data }) => ({
      name: name === '.' ? name : `${name}.`,
      type: typeCode(data),
      TTL: ttl === 0 ? 0 : Math.max(1, ttl - age),
      data: dataText(data),
    }))
  return {
    Status: flags & FLAGS.rcode,
    TC: false,
    RD: true,
    RA: true,
    AD: (flags & FLAGS.authenticData) !== 0,
    CD: (flags & FLAGS.checkingDisabled) !== 0,
    Question: [{ name: o.name, type: o.type }],
    ...(answers.length > 0 ? { Answer: records(answers) } : {}),
    ...(answers.length === 0 && (flags & FLAGS.rcode) !== RCODES.REFUSED && authorities.length > 0
      ? { Authority: records(authorities) }
      : {}),
    ...(answer.origins.length > 0 ? { pubky: freshness(answer, o.nowMs) } : {}),
  }
}

function freshness({ origins, isStale }: Answer, nowMs: number): JsonAnswer['pubky'] {
  return {
    stale: isStale,
    keys: origins.map(({ key, timestamp, lastSeen, nodes }) => ({
      key,
      signed: new Date(Math.min(Number(timestamp / 1000n), 8.64e15)).toISOString(),
      seen: new Date(Number(lastSeen / 1000n)).toISOString(),
      ageSeconds: Math.max(0, Math.floor(nowMs / 1000 - Number(lastSeen / 1_000_000n))),
      nodes,
    })),
  }
}
