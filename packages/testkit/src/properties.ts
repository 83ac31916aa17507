import fc from 'fast-check'

/** Every run tries the same examples; `PROPERTY_SEED` names others. */
fc.configureGlobal({ seed: Number(process.env.PROPERTY_SEED ?? 20_251_124) })

export { fc }
