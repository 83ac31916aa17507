import { fc } from '@pubky/testkit/properties'
import { expect, test } from 'vitest'
import { createFrameGuard, readSse } from './sse.ts'

function answer(...chunks: string[]): Response {
  const encoder = new TextEncoder()
  const body = new ReadableStream<Uint8Array<ArrayBuffer>>({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(encoder.encode(chunk))
      controller.close()
    },
  })
  return new Response(body)
}

async function all(response: Response) {
  const frames = []
  for await (const frame of readSse(response, { idleMs: 1000 })) frames.push(frame)
  return frames
}

test('frames come out the same however their text is cut', async () => {
  const text = ': hi\n\nretry: 250\n\nevent: PUT\ndata: a\ndata: b\r\n\r\nevent: DEL\ndata: ä\n\n'
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(text.length), { maxLength: 6 }), async (cuts) => {
      const marks = [0, ...cuts.sort((a, b) => a - b), text.length]
      const chunks = marks.map((mark, i) => text.slice(marks[i - 1] ?? 0, mark))
      expect(await all(answer(...chunks))).toEqual([
        { event: 'PUT', data: ['a', 'b'] },
        { event: 'DEL', data: ['ä'] },
      ])
    }),
    { numRuns: 50 },
  )
})

test.each([
  ['a line without an end', `data: ${'x'.repeat(20_000)}`],
  ['a frame without an end', 'data: x\n'.repeat(3000)],
  ['comments between the lines of a frame', 'data: x\n:\n'.repeat(2000)],
])('%s is an error', async (_, text) => {
  await expect(all(answer(text))).rejects.toMatchObject({ code: 'stream_overrun' })
})

test('the guard lets any number of good frames pass', () => {
  const guard = createFrameGuard(100)
  for (let i = 0; i < 1000; i++) expect(guard('data: x\n\n')).toBe(true)
  expect(guard('\n'.repeat(500))).toBe(true)
})

test('silence is a timeout and a broken connection an outage', async () => {
  const silent = new Response(new ReadableStream({}))
  await expect(
    (async () => {
      for await (const _ of readSse(silent, { idleMs: 20 })) {
        // Nothing comes.
      }
    })(),
  ).rejects.toMatchObject({ code: 'timeout' })
  const broken = new Response(
    new ReadableStream({
      start(controller) {
        controller.error(new TypeError('terminated'))
      },
    }),
  )
  await expect(all(broken)).rejects.toMatchObject({ code: 'network' })
})
