#!/usr/bin/env node
// Stands in for Prisma's native schema engine: PRISMA_SCHEMA_ENGINE_BINARY names this file, so that
// no prisma command downloads anything (spec/stack-facts.md 1b).
import fs from 'node:fs'
import { createRequire } from 'node:module'
import path from 'node:path'
import readline from 'node:readline'
import pg from 'pg'

const argv = process.argv.slice(2)
if (argv.includes('--version')) {
  console.log('schema-engine-cli wasm-bridge')
  process.exit(0)
}
const opt = (n) => {
  const i = argv.indexOf(n)
  return i < 0 ? undefined : argv[i + 1]
}
const url = JSON.parse(opt('--datasource') ?? '{}').url
const U = url ? new URL(url) : null
const base = U && {
  host: U.hostname,
  port: Number(U.port || 5432),
  user: decodeURIComponent(U.username),
  password: decodeURIComponent(U.password),
}
const dbName = U?.pathname.slice(1)
const admin = async (sql) => {
  const c = new pg.Client({ ...base, database: 'postgres' })
  await c.connect()
  try {
    await c.query(sql)
  } finally {
    await c.end()
  }
}

if (argv.includes('cli')) {
  // one-shot helpers the CLI runs before the RPC session
  try {
    const sub = argv[argv.indexOf('cli') + 1]
    if (sub === 'can-connect-to-database') {
      const c = new pg.Client({ ...base, database: dbName })
      await c.connect()
      await c.end()
    } else if (sub === 'create-database') await admin(`CREATE DATABASE "${dbName}"`)
    process.exit(0)
  } catch (e) {
    // the CLI skips the first line, wants this target, and no trailing newline
    process.stderr.write(
      '\n' +
        JSON.stringify({
          timestamp: new Date().toISOString(),
          level: 'ERROR',
          target: 'schema_engine::logger',
          fields: {
            is_panic: false,
            message: e.message,
            error_code: e.code === '3D000' ? 'P1003' : 'P1001',
            meta: { database_name: dbName },
          },
        }),
    )
    process.exit(1)
  }
}

const { bindMigrationAwareSqlAdapterFactory } = await import('@prisma/driver-adapter-utils')
const { PrismaPg } = await import('@prisma/adapter-pg')
const bg = await import('@prisma/schema-engine-wasm/schema_engine_bg')
globalThis.PRISMA_WASM_PANIC_REGISTRY = { set_message: (m) => console.error('PANIC', m) }
const dir = path.dirname(createRequire(import.meta.url).resolve('@prisma/schema-engine-wasm'))
const inst = new WebAssembly.Instance(
  new WebAssembly.Module(fs.readFileSync(path.join(dir, 'schema_engine_bg.wasm'))),
  { './schema_engine_bg.js': bg },
)
bg.__wbg_set_wasm(inst.exports)
inst.exports.__wbindgen_start()

// adapter-pg rejects the catalogue type "char" (OID 18) that introspection reads: answer those queries directly.
const TYPES = {
  16: 5,
  18: 6,
  19: 7,
  20: 1,
  21: 0,
  23: 0,
  25: 7,
  26: 0,
  114: 11,
  194: 7,
  700: 2,
  701: 3,
  1002: 71,
  1003: 71,
  1005: 64,
  1007: 64,
  1009: 71,
  1028: 64,
  1042: 7,
  1043: 7,
  1700: 4,
  3802: 11,
}
const wrap = (a) => {
  const original = a.queryRaw.bind(a)
  a.queryRaw = async (q) => {
    try {
      return await original(q)
    } catch (e) {
      if (e?.cause?.kind !== 'UnsupportedNativeDataType') throw e
      const types = {
        getTypeParser: (oid) =>
          oid === 20 || oid === 1700 ? (v) => v : pg.types.getTypeParser(oid),
      }
      const r = await a
        .underlyingDriver()
        .query({ text: q.sql, values: q.args, rowMode: 'array', types })
      return {
        columnNames: r.fields.map((f) => f.name),
        columnTypes: r.fields.map((f) => TYPES[f.dataTypeID] ?? 7),
        rows: r.rows,
      }
    }
  }
  return a
}
const connect = async (database) => wrap(await new PrismaPg({ ...base, database }).connect())
const connectToShadowDb = async () => {
  const name = `prisma_shadow_${process.pid}_${Date.now()}`
  await admin(`CREATE DATABASE "${name}"`)
  const a = await connect(name)
  const dispose = a.dispose.bind(a)
  a.dispose = async () => {
    await dispose().catch(() => {})
    await admin(`DROP DATABASE IF EXISTS "${name}" WITH (FORCE)`)
  }
  return a
}
const offline = {
  provider: 'postgres',
  adapterName: 'offline',
  executeRaw: async () => 0,
  executeScript: async () => {},
  dispose: async () => {},
  getConnectionInfo: () => ({ schemaName: 'public' }),
  startTransaction: async () => {
    throw new Error('offline')
  },
  queryRaw: async () => ({
    columnNames: ['exists', 'version', 'numeric_version'],
    columnTypes: [5, 7, 0],
    rows: [[true, 'PostgreSQL 16.0', 160000]],
  }),
}
const factory = {
  provider: 'postgres',
  adapterName: '@prisma/adapter-pg',
  connect: async () => (base ? connect(dbName) : offline),
  connectToShadowDb,
}
const files = (opt('--datamodels') ?? '').split(',').filter(Boolean)
const engine = await bg.SchemaEngine.new(
  { datamodels: files.length ? files.map((p) => [p, fs.readFileSync(p, 'utf8')]) : undefined },
  () => {},
  bindMigrationAwareSqlAdapterFactory(factory),
)

const send = (m) => process.stdout.write(`${JSON.stringify({ jsonrpc: '2.0', ...m })}\n`)
for await (const line of readline.createInterface({ input: process.stdin })) {
  if (!line.trim()) continue
  const m = JSON.parse(line)
  if (!m.method) continue // acknowledgement of our own 'print'
  try {
    const r = await engine[m.method === 'getDatabaseVersion' ? 'version' : m.method](m.params)
    if (m.method === 'diff' && r.stdout != null)
      send({ id: 1_000_000 + m.id, method: 'print', params: { content: r.stdout } })
    send({ id: m.id, result: r ?? null })
  } catch (e) {
    send({
      id: m.id,
      error: {
        code: 4466,
        message: 'schema engine error',
        data: {
          is_panic: false,
          message: String(e.message).split('\n')[0],
          meta: null,
          error_code: e.code ?? null,
        },
      },
    })
  }
}
process.exit(0)
