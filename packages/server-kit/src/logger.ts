import { type Logger as PinoLogger, pino, stdSerializers } from 'pino'

export type Logger = PinoLogger

/** One line of JSON an event, on standard output; `LOG_LEVEL` chooses what is told (`info`). */
export function createLogger(name: string, o: { level?: string } = {}): Logger {
  return pino({
    name,
    level: o.level ?? process.env.LOG_LEVEL ?? 'info',
    base: null,
    serializers: { error: stdSerializers.err, err: stdSerializers.err },
    redact: [
      '*.secret',
      '*.password',
      '*.token',
      'req.headers.cookie',
      'req.headers.authorization',
    ],
  })
}
