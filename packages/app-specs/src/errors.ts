/**
 * Every refusal of the data model (spec/data-model.md 3 to 6). A code is stable; the message is the
 * one that other implementations give where they give one.
 */
export const SPECS_ERRORS = [
  'unknown_object',
  'invalid_json',
  'invalid_shape',
  'invalid_id',
  'invalid_key',
  'invalid_uri',
  'deleted_keyword',
  'empty',
  'too_short',
  'too_long',
  'too_many',
  'too_large',
  'unknown_kind',
  'invalid_character',
  'invalid_url',
  'invalid_protocol',
  'invalid_content_type',
  'not_allowed',
  'out_of_range',
] as const

export type SpecsErrorCode = (typeof SPECS_ERRORS)[number]

/** An object that the data model refuses; `field` is a path such as `links.0.url`, if one is at fault. */
export class SpecsError extends Error {
  override readonly name = 'SpecsError'
  readonly code: SpecsErrorCode
  readonly field: string | null

  constructor(code: SpecsErrorCode, field: string | null, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.field = field
  }
}

export function refuse(code: SpecsErrorCode, field: string | null, message: string): never {
  throw new SpecsError(code, field, `Validation Error: ${message}`)
}
