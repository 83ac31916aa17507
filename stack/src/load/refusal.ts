import type { SpecsErrorCode } from '@pubky/app-specs'

/**
 * Why a line is not played. Codes of the data model are those of `SpecsError`; the others say that the
 * line itself is at fault.
 */
export type RefusalCode =
  | SpecsErrorCode
  | 'invalid_json'
  | 'invalid_shape'
  | 'unknown_op'
  /** What the line refers to was refused, or has not appeared. */
  | 'missing_reference'
  /** A second profile of a person, or a second post under one handle. */
  | 'duplicate'

export class LoadRefusal extends Error {
  override readonly name = 'LoadRefusal'
  readonly code: RefusalCode
  readonly field: string | null

  constructor(code: RefusalCode, field: string | null, message: string) {
    super(message)
    this.code = code
    this.field = field
  }
}

/** A line that was left out. `line` counts from 1. */
export interface Refusal {
  line: number
  op: string | null
  field: string | null
  code: RefusalCode
  reason: string
}
